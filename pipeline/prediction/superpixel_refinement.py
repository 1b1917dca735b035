"""Refinement of predicted label maps by superpixels (WS2, Algorithm 2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pipeline.prediction.answer import Answer
from pipeline.prediction.correction import Correction
from pipeline.vision.superpixel_refinement import RefineParams, refine_labels

if TYPE_CHECKING:
    from pipeline.prediction.read_evidence import Evidence

Labels = npt.NDArray[np.uint8]


def refine_all(
    labels: Labels,
    superpixels: Sequence[npt.NDArray[np.int32]],
    params: RefineParams,
    num_labels: int,
) -> Labels:
    """Algorithm 2 on label maps ``T H W`` with the superpixels ``H W`` of each frame."""
    refined = [
        refine_labels(frame, regions, params, num_labels)
        for frame, regions in zip(labels, superpixels, strict=True)
    ]
    return np.stack(refined).astype(np.uint8)


def refine_prediction(answer: Answer, evidence: Evidence, params: RefineParams) -> Answer:
    """The answer's label maps, refined."""
    refined = refine_all(answer.labels(), evidence.superpixels, params, evidence.num_labels)
    return answer.decide(refined)


SUPERPIXEL_REFINEMENT = Correction(RefineParams, refine_prediction)
