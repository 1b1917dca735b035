"""The key frames of a video with a version of their pseudo-annotations, as the scores use them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pipeline.cues.background_motion import speed_against_camera
from pipeline.selection.patches import Region
from pipeline.vision.superpixel_refinement import RefineParams
from pipeline.vision.warping import Flow, warp

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class AnnotatedVideo:
    """The key frames of one video with a version of their pseudo-annotations.

    Attributes:
        video: its id.
        frames: T frame numbers, in order.
        images: T H W 3, RGB.
        labels: T H W, the pseudo-annotations.
        initial: T H W, the same before superpixel refinement.
        superpixels: H W of each frame.
        attention: by each label that occurs the mean of the actor's and the action's map, T H W in
            [0, 1].
        neighbours: by frame the flow ``H W 2`` to each neighbour among the frames, by its place;
            empty where there is no flow.
    """

    video: str
    frames: Sequence[int]
    images: Image
    labels: Image
    initial: Image
    superpixels: Sequence[npt.NDArray[np.int32]]
    attention: Mapping[int, Floats]
    neighbours: Sequence[Mapping[int, Flow]] = ()


@dataclass(frozen=True)
class AnnotatedFrame:
    """One key frame of a video, by its place."""

    video: AnnotatedVideo
    place: int

    @property
    def image(self) -> Image:
        """``H W 3``, RGB."""
        return np.asarray(self.video.images[self.place])

    @property
    def superpixels(self) -> npt.NDArray[np.int32]:
        """``H W``, numbered from 0."""
        return self.video.superpixels[self.place]

    @property
    def flows(self) -> Mapping[int, Flow]:
        """Flow ``H W 2`` to each neighbour, by its place; empty where there is none."""
        return self.video.neighbours[self.place] if self.video.neighbours else {}

    @cached_property
    def speed(self) -> Floats | None:
        """Speed of each pixel against the camera, ``H W``; None where there is no flow."""
        return speed_against_camera(list(self.flows.values())) if self.flows else None


@dataclass(frozen=True)
class AnnotatedRegion:
    """One region of a frame: all pixels of a label.

    Attributes:
        frame: which it lies in.
        region: its label and mask.
        refine: Algorithm 2 of the recipe.
    """

    frame: AnnotatedFrame
    region: Region
    refine: RefineParams

    @property
    def mask(self) -> Mask:
        """``H W``."""
        return self.region.mask

    @property
    def initial(self) -> Mask:
        """The label's mask before superpixel refinement, ``H W``."""
        video = self.frame.video
        return np.asarray(video.initial[self.frame.place] == self.region.label)

    @property
    def attention(self) -> Floats:
        """The label's attention map, ``H W`` in [0, 1]."""
        return self.frame.video.attention[self.region.label][self.frame.place]

    @property
    def warped(self) -> Mask:
        """The label's masks of the neighbouring frames, fetched to this one, N H W."""
        labels, label = self.frame.video.labels, self.region.label
        masks = [warp(labels[n] == label, flow) > 0.5 for n, flow in self.frame.flows.items()]
        return np.array(masks, bool).reshape(-1, *labels.shape[1:])
