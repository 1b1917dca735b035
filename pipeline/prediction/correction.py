"""The contract of a correction of predictions.

A recipe lists its corrections by name, and they apply in the order of the list. Each takes the
answer so far and the evidence (images, tags, cues and superpixels of the video), and returns an
answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.prediction.answer import Answer
from pipeline.runtime.params import Params

if TYPE_CHECKING:
    from pipeline.prediction.read_evidence import Evidence

Correct = Callable[[Answer, "Evidence", Any], Answer]


@dataclass(frozen=True)
class Correction:
    """A correction.

    Attributes:
        params: the model of its parameters.
        correct: the answer before, the evidence and the parameters -> the answer after.
        needs: cues without which a recipe that lists it is refused. Others are optional.
        needs_tags: whether it is skipped where the tags of a video are not known.
        needs_logits: whether it looks at the logits of the labels, where a video has several tags.
        calibrated: whether it is the background bias, which is calibrated for each trained
            segmenter on the answers after all corrections before it
            (:mod:`pipeline.prediction.area_anchor`).
        slow: whether it takes longer than the network, so that one process per video is faster.
    """

    params: type[Params]
    correct: Correct
    needs: tuple[str, ...] = ()
    needs_tags: bool = False
    needs_logits: bool = False
    calibrated: bool = False
    slow: bool = False
