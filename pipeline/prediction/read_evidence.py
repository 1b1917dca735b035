"""What corrections use beside a network's output: images, tags, cues, superpixels; read lazily."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pipeline.artifacts.cues import Cues
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.maps import Maps
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.artifacts.superpixels import Superpixels
from pipeline.datasets.taxonomy import Taxonomy
from pipeline.vision.resizing import at_full_size

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Evidence:
    """Images, tags, cues and superpixels of some frames of a video.

    Attributes:
        frames: holds the video.
        video: its id.
        numbers: of T frames, in order.
        regions: holds their superpixels.
        cues: of the recipe; None where there are none.
        tags_known: whether the video's tags may be looked at.
        version: of the pseudo-annotation that is predicted; empty outside of the evolution.
        background_bias: of the segmenter that predicts.
    """

    frames: Frames
    video: str
    numbers: Sequence[int]
    regions: Superpixels
    cues: Cues | None = None
    tags_known: bool = True
    version: str = ""
    background_bias: float = 0.0

    def with_background_bias(self, bias: float) -> Evidence:
        """The same for a segmenter with this bias."""
        return replace(self, background_bias=bias)

    @property
    def taxonomy(self) -> Taxonomy:
        """Of the labels."""
        return self.frames.taxonomy

    @property
    def num_labels(self) -> int:
        """Number of labels, the background included."""
        return len(self.taxonomy.pairs) + 1

    @cached_property
    def labels(self) -> Sequence[int] | None:
        """The A labels of the video's tags; None where the tags are not known."""
        return self.taxonomy.labels(self.frames.tags(self.video)) if self.tags_known else None

    @property
    def images(self) -> npt.NDArray[np.uint8]:
        """``T H W 3``, RGB."""
        return self.frames.images(self.video, list(self.numbers))

    @property
    def superpixels(self) -> list[npt.NDArray[np.int32]]:
        """``H W`` of each frame, numbered from 0."""
        return [self.regions.superpixels(self.video, n) for n in self.numbers]

    def action_maps(self) -> npt.NDArray[np.float32] | None:
        """The map ``T A H W`` in [0, 1] of each label's action; 0 where a label has none.

        None for a video without action maps: of an object data set, a still image, unknown tags.
        """
        maps = self.cues.get("action", Maps) if self.cues is not None else None
        if maps is None or self.labels is None or self.video not in maps:
            return None
        height, width = self.frames.size(self.video)
        actions = [self.taxonomy.pairs[label - 1][1] for label in self.labels]
        found = np.zeros((len(self.numbers), len(actions), height, width), np.float32)
        for of_frame, number in zip(found, self.numbers, strict=True):
            own = maps.maps(self.video, number)
            named = [(row, own[name]) for row, name in enumerate(actions) if name in own]
            of_frame[[row for row, _ in named]] = at_full_size([m for _, m in named], height, width)
        return found

    def motion(self) -> tuple[Mask, Mask] | None:
        """Motion segments and the bands around their borders, ``T H W``; None for a still image."""
        motion = self.cues.get("motion", MotionSegments) if self.cues is not None else None
        if motion is None or self.video not in motion:
            return None
        segments = [motion.segment(self.video, n) for n in self.numbers]
        bands = [motion.boundary(self.video, n) for n in self.numbers]
        return np.stack(segments), np.stack(bands)
