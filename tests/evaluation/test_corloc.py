from __future__ import annotations

import math

import numpy as np
import pytest

from pipeline.datasets.boxes import Box
from pipeline.evaluation.corloc import box_iou, corloc, largest_box, true_boxes


def test_largest_box() -> None:
    mask = np.zeros((8, 10), bool)
    assert largest_box(mask) is None
    mask[0, 0:4] = True
    mask[3, 3], mask[4, 4], mask[5, 5:7], mask[6, 6] = True, True, True, True  # corners touch
    assert largest_box(mask) == Box(3, 3, 7, 7)
    mask[0, 0:6] = True
    assert largest_box(mask) == Box(0, 0, 1, 6)


def test_true_boxes_hold_all_parts_of_an_object() -> None:
    labels = np.zeros((5, 9), np.uint8)
    labels[1, 1], labels[3, 7] = 4, 4
    labels[0:2, 5] = 2
    labels[4] = 255
    assert true_boxes(labels) == [Box(0, 5, 2, 6), Box(1, 1, 4, 8)]
    assert true_boxes(np.zeros((2, 2), np.uint8)) == []


def test_box_iou_by_hand() -> None:
    a, b = Box(0, 0, 4, 4), Box(2, 1, 6, 4)
    assert box_iou(a, b) == box_iou(b, a) == pytest.approx(6 / 22)
    assert box_iou(a, a) == 1
    assert box_iou(a, Box(4, 0, 8, 4)) == 0
    assert box_iou(a, Box(6, 6, 8, 8)) == 0


def test_corloc_by_hand() -> None:
    true = Box(0, 0, 10, 10)
    half, more = Box(0, 0, 10, 5), Box(0, 0, 10, 6)  # half is not more than half
    frames = [
        (more, [true]),
        (half, [true]),
        (None, [true]),
        (more, [Box(50, 50, 60, 60), true]),
        (more, []),
    ]
    assert corloc(frames) == pytest.approx(50)
    assert math.isnan(corloc([(more, [])]))
