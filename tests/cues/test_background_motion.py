from __future__ import annotations

import numpy as np
import pytest

from pipeline.cues.background_motion import (
    accumulate,
    dominant_motion,
    flow_of,
    speed_against_camera,
    unexplained,
)
from tests.cues.test_flow import texture
from tests.vision.test_warping import constant

TURN = np.array([[1.01, 0.02, -3.0], [-0.015, 0.99, 2.0], [1e-5, 2e-5, 1.0]])


def test_flow_of_a_homography_by_hand() -> None:
    flow = flow_of(np.array([[2.0, 0, 1], [0, 1, -2], [0, 0, 1]]), 3, 4)
    assert flow.shape == (3, 4, 2) and flow.dtype == np.float32
    # (x, y) goes to (2 x + 1, y - 2)
    assert flow[0, 0].tolist() == [1, -2] and flow[2, 3].tolist() == [4, -2]
    nearer = flow_of(np.array([[1.0, 0, 0], [0, 1, 0], [0, 0.5, 1]]), 3, 4)
    assert nearer[2, 3] == pytest.approx([3 / 2 - 3, 2 / 2 - 2])


def test_the_dominant_motion_is_found_beside_an_object() -> None:
    flow = flow_of(TURN, 96, 128)
    flow[20:60, 30:80] += [9, -4]  # a sixth of the frame moves on its own
    found = dominant_motion(flow)
    assert found / found[2, 2] == pytest.approx(TURN, abs=1e-3)
    assert np.array_equal(found, dominant_motion(flow))  # whatever was drawn before


def test_a_map_too_small_for_a_grid_has_no_dominant_motion() -> None:
    assert np.array_equal(dominant_motion(constant(6, 12, 1, 2)), np.eye(3))


def test_speed_against_the_camera() -> None:
    there, back = flow_of(TURN, 96, 128), flow_of(np.linalg.inv(TURN), 96, 128)
    there[20:60, 30:80] += [3, -4]
    back[20:60, 30:60] += [-6, 8]
    speed = speed_against_camera([there, back])
    assert speed.shape == (96, 128)
    # what moves towards one neighbour only is at rest
    assert speed[20:60, 30:60] == pytest.approx(np.full((40, 30), 5), abs=0.05)
    assert speed[20:60, 60:80].max() < 0.05 and speed[60:].max() < 0.05
    assert speed_against_camera([there])[40, 70] == pytest.approx(5, abs=0.05)


def test_sums_along_the_path() -> None:
    flows = [constant(4, 8, 2, 0), constant(4, 8, 1, 0)]
    values = [constant(4, 8, 0, 0), constant(4, 8, 0, 0), constant(4, 8, 0, 0)]
    values[0][..., 0] = 1
    values[1][..., 0] = 10 * np.arange(8)
    values[2][..., 0] = 100 * np.arange(8)
    found = accumulate(values, [*flows, flows[1]], [0, 1, 2])
    # from column 1: 1 there, 10 x 3 after the first step, 100 x 4 after the second
    assert found[0, 1, 0] == 431
    # from column 5 the first step leads to 7, the second out of the frame
    assert found[0, 5, 0] == 71 and found[0, 7, 0] == 1
    assert accumulate(values, [*flows, flows[1]], [1])[0, 3].tolist() == [30, 0]
    assert values[0][0, 0, 0] == 1  # untouched


def test_what_the_camera_explains() -> None:
    large = texture(80, 110)
    first, second = large[8:72, 8:104].copy(), large[8:72, 4:100].copy()  # a pan of 4 pixels
    first[20:40, 30:50] = second[20:40, 30:50] = texture(20, 20, seed=1)  # an object that stays
    pan = np.array([[1.0, 0, 4], [0, 1, 0], [0, 0, 1]])
    left = unexplained(first, second, pan, sigma=1.0)
    assert left.shape == (64, 96)
    assert np.isnan(left[:, -4:]).all() and not np.isnan(left[:, :-4]).any()
    # away from the object, and from the border, which smoothing continues otherwise
    assert left[6:58, 58:84].max() < 0.1 and left[46:58, 6:84].max() < 0.1
    assert np.median(left[22:38, 32:44]) > 5
    plain = np.full((64, 96, 3), 120, np.uint8)  # any motion explains it
    assert np.nanmax(unexplained(plain, plain, pan, sigma=1.0)) < 1e-3
