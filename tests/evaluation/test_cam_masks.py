from __future__ import annotations

import math

import numpy as np
import pytest

from pipeline.evaluation.cam_masks import cam_mask, foreground_iou
from pipeline.vision.otsu import BinariseParams

HALF = BinariseParams(variant="fixed", threshold=0.5)


def row(*values: int) -> np.ndarray:
    return np.array([values], np.uint8)


def test_foreground_of_all_frames_together() -> None:
    # frame 1: found 2 and 3 of true 1, 2 (label does not matter), one true pixel not counted
    # frame 2: 255 found is background
    frames = [(row(0, 1, 1, 0, 255), row(0, 0, 3, 3, 3)), (row(2, 2, 0, 0), row(2, 255, 0, 255))]
    assert foreground_iou(frames) == pytest.approx(100 * 2 / 5)
    assert math.isnan(foreground_iou([(row(0, 255), row(0, 1))]))
    assert math.isnan(foreground_iou([]))


def test_the_mask_is_the_union_of_the_classes() -> None:
    maps = [np.array([[1.0, 0.2, 0.0]]), np.array([[0.0, 0.2, 0.4]])]
    # each map is scaled by its maximum, as for the pseudo-annotation: 0.4 -> 1, 0.2 -> 0.5
    assert cam_mask(maps, (1, 3), HALF).tolist() == [[1, 0, 1]]
