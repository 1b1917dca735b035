"""Masks of attention maps, and their overlap with human masks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from pipeline.datasets.taxonomy import BACKGROUND, IGNORE
from pipeline.evaluation.confusion import confusion_matrix
from pipeline.vision.otsu import BinariseParams, otsu_mask
from pipeline.vision.resizing import at_full_size

Labels = npt.NDArray[np.uint8]


def foreground_iou(pairs: Iterable[tuple[Labels, Labels]]) -> float:
    """IoU of foreground, any label, in percent, over the pixels of all frames together.

    Args:
        pairs: of each frame the true and the found labels ``H W``; true pixels of 255 are left out,
            found ones count as background.

    Returns:
        0..100; NaN where there is no foreground in either.

    Raises:
        ValueError: as ``confusion_matrix``.
    """
    matrix = np.zeros((2, 2), np.int64)
    for truth, found in pairs:
        matrix += confusion_matrix(_binary(truth), _binary(found), 2)
    union = int(matrix.sum() - matrix[0, 0])
    return 100 * float(matrix[1, 1]) / union if union else float("nan")


def cam_mask(
    maps: Sequence[npt.NDArray[np.float32]], size: tuple[int, ...], binarise: BinariseParams
) -> Labels:
    """Union of the binarised maps h w of a frame at its size (height, width): 0 or 1, ``H W``."""
    mask = np.zeros(size, bool)
    for attention in at_full_size(maps, size[0], size[1]):
        mask |= otsu_mask(attention, binarise.variant, binarise.threshold)
    return mask.astype(np.uint8)


def _binary(labels: Labels) -> Labels:
    return np.where((labels == BACKGROUND) | (labels == IGNORE), labels, 1).astype(np.uint8)
