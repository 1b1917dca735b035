from __future__ import annotations

import numpy as np
import pytest

from pipeline.vision.resizing import at_full_size


def test_full_size_scales_each_map_by_its_own_maximum() -> None:
    small = np.array([[0, 0], [0, 0.5]], np.float16)
    maps = at_full_size([small, np.zeros((3, 5)), np.full((1, 1), 7.0)], 6, 8)
    assert maps.shape == (3, 6, 8) and maps.dtype == np.float32
    assert maps[0].max() == 1 and maps[0, 5, 7] == 1 and maps[0, 0, 0] == 0
    # bilinear: the fourth column of eight lies 3/8 of the way between the centres of two
    assert maps[0, 5, 3] == pytest.approx(0.375)
    assert not maps[1].any() and maps[2] == pytest.approx(1.0)


def test_no_maps() -> None:
    assert at_full_size([], 6, 8).shape == (0, 6, 8)
