"""Region integrity: how good predictions are, without ground truth (WS2, Section 3.3).

Over a validation set each of Eq. 1 and 2 is read off *one* confusion matrix, the sum over its
frames: a mean of single frames' mIoU would depend on which few labels each frame happens to show.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.evaluation.confusion import Matrix, confusion_matrix, miou


@dataclass(frozen=True)
class IntegrityScores:
    """Percent: mIoU_PA (Eq. 1), RII (Eq. 2) and their sum RIC (Eq. 3, up to 150)."""

    miou_pa: float
    rii: float
    ric: float


def region_integrity_index(
    initial: npt.NDArray[np.uint8], refined: npt.NDArray[np.uint8], num_labels: int
) -> float:
    """RII = mIoU(M_init, M_refine) (Eq. 2), percent.

    Args:
        initial: labels as predicted, any shape (a frame, or a stack of frames).
        refined: the same, refined by superpixels.
        num_labels: number of labels, the background included.

    Raises:
        ValueError: as ``confusion_matrix``.
    """
    return miou(confusion_matrix(initial, refined, num_labels))


def region_integrity_criterion(miou_pa: float, rii: float, weight: float = 0.5) -> float:
    """RIC = mIoU_PA + weight RII (Eq. 3), percent (up to 100 (1 + weight))."""
    return miou_pa + weight * rii


def integrity_scores(matrix_pa: Matrix, matrix_rii: Matrix, weight: float = 0.5) -> IntegrityScores:
    """Eq. 1-3 over a set of frames.

    Args:
        matrix_pa: sum over the frames of ``confusion_matrix(PA, M_refine)`` (Eq. 1).
        matrix_rii: sum over the frames of ``confusion_matrix(M_init, M_refine)`` (Eq. 2).
        weight: alpha of Eq. 3.

    Returns:
        The three scores, percent.
    """
    miou_pa, rii = miou(matrix_pa), miou(matrix_rii)
    return IntegrityScores(miou_pa, rii, region_integrity_criterion(miou_pa, rii, weight))
