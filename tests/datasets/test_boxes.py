from __future__ import annotations

import numpy as np
import pytest

from pipeline.datasets.boxes import Box, bounding_box


def test_box_of_scattered_pixels() -> None:
    mask = np.zeros((6, 9), dtype=bool)
    mask[4, 2] = mask[1, 7] = True
    assert bounding_box(mask) == Box(1, 2, 5, 8)
    mask[0, 3] = True
    assert bounding_box(mask) == Box(0, 2, 5, 8)


def test_an_empty_mask_has_none() -> None:
    with pytest.raises(ValueError, match="received an empty one"):
        bounding_box(np.zeros((3, 4), dtype=bool))


def test_area_and_corners_by_hand() -> None:
    box = Box(top=1, left=2, bottom=5, right=8)
    assert box.area == 24
    assert Box(5, 2, 1, 8).area == Box(1, 8, 5, 2).area == 0
    assert box.corners == (3, 2, 8, 5)  # columns 3 to 8 and rows 2 to 5, counted from 1
