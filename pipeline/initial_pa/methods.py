"""The table of the ways from the cues of a frame to its first pseudo-annotation, PA.v0."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from pipeline.cues.saliency import frame_saliency
from pipeline.initial_pa.background import BackgroundParams, mark_background
from pipeline.initial_pa.map_labels import Cues, TaggedPair, assign_labels
from pipeline.initial_pa.motion_labels import hard_labels
from pipeline.runtime.params import Params
from pipeline.vision.otsu import BinariseParams
from pipeline.vision.superpixel_refinement import RefineParams, refine_labels

Labels = npt.NDArray[np.uint8]


class InitialParams(Params):
    """How cues become PA.v0.

    Attributes:
        method: a name of ``METHODS``: ``superpixels`` (WS2), ``saliency`` (Frame-to-Frame) or
            ``motion_segments`` (M-CNN), which looks at no map.
        cues: which maps are used, for the mask and for the choice among several tags.
        binarise: map -> mask; theta_f of Frame-to-Frame is the variant ``fixed``.
        refine: of ``superpixels``: Algorithm 2 of WS2.
        background: of ``saliency``: what is background; pixels neither in it nor in the mask are
            ignored.
    """

    method: Literal["superpixels", "saliency", "motion_segments"] = "superpixels"
    cues: Cues = "actor_and_action"
    binarise: BinariseParams = BinariseParams()
    refine: RefineParams = RefineParams()
    background: BackgroundParams = BackgroundParams()

    def needed_cues(self) -> dict[str, str]:
        """The cues that the method looks at and cannot do without, each with what asks for it."""
        moves = self.method == "motion_segments"
        return {"motion" if moves else "actor": f"the method {self.method}"}


@dataclass(frozen=True)
class FrameCues:
    """The cues of one key frame.

    Attributes:
        video: its id.
        frame: its number.
        image: H W 3, RGB.
        superpixels: H W, numbered from 0.
        actor_maps: A H W in [0, 1].
        action_maps: B H W in [0, 1].
        segment: H W, what moves; None where the recipe has no motion segments.
        pairs: those that the frame may show, each with its label and the rows of its maps.
        num_labels: number of labels, the background included.
    """

    video: str
    frame: int
    image: npt.NDArray[np.uint8]
    superpixels: npt.NDArray[np.int32]
    actor_maps: npt.NDArray[np.float32]
    action_maps: npt.NDArray[np.float32]
    segment: npt.NDArray[np.bool_] | None
    pairs: Sequence[TaggedPair]
    num_labels: int


def first_labels(cues: FrameCues, params: InitialParams) -> tuple[Labels, Labels]:
    """The label map of PA.v0 before and after its refinement, both ``H W``."""
    return METHODS[params.method](cues, params)


def by_superpixels(cues: FrameCues, params: InitialParams) -> tuple[Labels, Labels]:
    """The superpixels that the mask covers (WS2, Algorithm 2)."""
    initial = _of_maps(cues, params)
    return initial, refine_labels(initial, cues.superpixels, params.refine, cues.num_labels)


def by_saliency(cues: FrameCues, params: InitialParams) -> tuple[Labels, Labels]:
    """The mask, background where saliency is low, ignored elsewhere (Frame-to-Frame, 3.4)."""
    own, initial = params.background, _of_maps(cues, params)
    saliency = frame_saliency(cues.image, cues.superpixels, cues.video, cues.frame, own.saliency)
    return initial, mark_background(initial, saliency, own.threshold)


def by_motion(cues: FrameCues, params: InitialParams) -> tuple[Labels, Labels]:
    """What moves, under the video's label (M-CNN, Sec. 3.2); nothing is refined."""
    if cues.segment is None:
        raise ValueError(f"expected a motion segment of frame {cues.frame} of {cues.video}")
    labels = hard_labels(cues.segment, [pair.label for pair in cues.pairs])
    return labels, labels


def _of_maps(cues: FrameCues, params: InitialParams) -> Labels:
    return assign_labels(
        cues.actor_maps, cues.action_maps, cues.pairs, params.cues, params.binarise
    )


METHODS: dict[str, Callable[[FrameCues, InitialParams], tuple[Labels, Labels]]] = {
    "superpixels": by_superpixels,
    "saliency": by_saliency,
    "motion_segments": by_motion,
}
