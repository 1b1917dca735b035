from __future__ import annotations

import numpy as np
import pytest

from pipeline.vision.warping import Flow, at_size, consistent, warp


def constant(height: int, width: int, x: float, y: float) -> Flow:
    return np.broadcast_to(np.float32([x, y]), (height, width, 2)).copy()


def test_a_mask_moved_by_a_known_flow_is_the_known_mask() -> None:
    mask = np.zeros((20, 30), bool)
    mask[5:9, 10:16] = True
    expected = np.zeros((20, 30), bool)
    expected[8:12, 3:9] = True  # it came from 7 to the right and 3 above
    moved = warp(mask, constant(20, 30, 7, -3))
    assert moved.dtype == np.float32
    assert np.array_equal(moved == 1, expected) and np.array_equal(moved > 0, expected)


def test_only_what_moves_is_moved() -> None:
    values = np.arange(12.0).reshape(3, 4)
    flow = np.zeros((3, 4, 2), np.float32)
    flow[1, 2] = [1, -1]  # fetches (y 0, x 3)
    flow[2, 0] = [0.25, 0]  # a quarter of the way from 8 to 9
    expected = values.copy()
    expected[1, 2], expected[2, 0] = 3, 8.25
    np.testing.assert_allclose(warp(values, flow), expected, atol=0.02)


def test_what_comes_from_outside() -> None:
    values = np.ones((2, 4, 6), np.float32) * np.arange(1, 7)  # six planes
    flow = np.zeros((2, 4, 2), np.float32)
    flow[0, 3] = [0.4, 0]  # still in the last pixel
    flow[1, 3] = [0.6, 0]
    flow[1, 0] = [0, 1]
    moved = warp(values, flow, outside=-1)
    expected = values.copy()
    expected[1, 3] = expected[1, 0] = -1
    np.testing.assert_allclose(moved, expected, atol=1e-6)
    with pytest.raises(ValueError, match="values and flow of one size"):
        warp(values, np.zeros((4, 2, 2), np.float32))


def test_consistency_by_hand() -> None:
    forward, backward = constant(1, 8, 2, 0), constant(1, 8, -2, 0)
    forward[0, 6:] = 0  # and there nothing moves
    backward[0, 6:] = 0
    backward[0, 3] = [-1.2, 0]  # met from 1: gap .64 of at most .01 (4 + 1.44) + .5 = .5544
    backward[0, 4] = [-1.3, 0]  # met from 2: gap .49 of at most .5569
    # from 4 and 5 the flow leads to where nothing comes back: gap 4 of at most .54
    expected = [[True, False, True, True, False, False, True, True]]
    assert consistent(forward, backward).tolist() == expected


def test_nothing_is_consistent_with_what_lies_outside() -> None:
    found = consistent(constant(3, 5, -2, 0), constant(3, 5, 2, 0))
    assert np.array_equal(found, [[False, False, True, True, True]] * 3)
    assert consistent(constant(3, 5, 0, 0), constant(3, 5, 0, 0)).all()


def test_another_size_has_other_vectors() -> None:
    flow = constant(6, 8, 2, -3)
    larger, smaller = at_size(flow, 12, 32), at_size(flow, 2, 4)
    assert larger.shape == (12, 32, 2) and larger.dtype == np.float32
    np.testing.assert_allclose(larger, constant(12, 32, 8, -6), atol=1e-5)
    np.testing.assert_allclose(smaller, constant(2, 4, 1, -1), atol=1e-5)
    assert np.array_equal(at_size(flow, 6, 8), flow)
