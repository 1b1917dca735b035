"""The table of scores that regions of pseudo-annotations can be ranked by."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pipeline.selection.annotated import AnnotatedRegion
from pipeline.selection.scores import (
    cam_agreement,
    colour_contrast,
    flow_agreement,
    motion_agreement,
    rii_score,
)


class Score(NamedTuple):
    """A score of a region, in [0, 1], higher is better; NaN where it cannot be measured.

    ``needs``: cues without which it cannot be measured in any.
    """

    measure: Callable[[AnnotatedRegion], float]
    needs: tuple[str, ...] = ()


def _motion(region: AnnotatedRegion) -> float:
    speed = region.frame.speed
    return float("nan") if speed is None else motion_agreement(region.mask, speed)


SCORES: dict[str, Score] = {
    "colour_contrast": Score(lambda r: colour_contrast(r.frame.image, r.mask)),
    "cam_agreement": Score(lambda r: cam_agreement(r.mask, r.attention), ("actor",)),
    "rii": Score(lambda r: rii_score(r.initial, r.frame.superpixels, r.refine)),
    "flow_agreement": Score(lambda r: flow_agreement(r.mask, r.warped), ("flow",)),
    "motion_agreement": Score(_motion, ("flow",)),
}
# Scores that come from elsewhere: the classifier, the discriminator, and for diagnoses the masks.
OTHERS = ("classifier", "realness", "iou")
