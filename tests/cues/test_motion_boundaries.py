from __future__ import annotations

import numpy as np
import pytest

from pipeline.cues.motion_boundaries import (
    DIRECTIONS,
    BoundaryParams,
    boundary_strength,
    crossings,
    inside_of_motion,
    inside_outside,
)
from tests.vision.test_warping import constant

PARAMS = BoundaryParams(magnitude=0.7, direction=3.0, trust=0.9)


def walk(boundary: np.ndarray, y: int, x: int, dy: int, dx: int) -> int:
    """Runs of boundary pixels on the ray from (y, x), step by step."""
    height, width = boundary.shape
    runs, before = 0, bool(boundary[y, x])
    y, x = y + dy, x + dx
    while 0 <= y < height and 0 <= x < width:
        runs += bool(boundary[y, x]) and not before
        before = bool(boundary[y, x])
        y, x = y + dy, x + dx
    return runs


@pytest.mark.parametrize("dy, dx", DIRECTIONS)
def test_crossings_are_those_of_a_walk(dy: int, dx: int) -> None:
    boundary = np.random.default_rng(0).random((9, 13)) < 0.4
    expected = [[walk(boundary, y, x, dy, dx) for x in range(13)] for y in range(9)]
    assert crossings(boundary, dy, dx).tolist() == expected


def ring(height: int = 20, width: int = 30) -> np.ndarray:
    boundary = np.zeros((height, width), bool)
    boundary[5:15, 8:20] = True
    boundary[6:14, 9:19] = False
    return boundary


def test_inside_of_a_closed_curve() -> None:
    inside = inside_outside(ring())
    assert inside[6:14, 9:19].all()
    outside = np.ones((20, 30), bool)
    outside[5:15, 8:20] = False
    assert not inside[outside].any()


def test_a_gap_is_outvoted() -> None:
    boundary = ring()
    boundary[5, 12:14] = False
    inside = inside_outside(boundary)
    assert inside[6:14, 9:19].mean() > 0.9
    assert not inside[:4].any() and not inside[:, 22:].any()


def test_a_straight_boundary_encloses_nothing() -> None:
    boundary = np.zeros((12, 16), bool)
    boundary[:, 8] = True
    assert not inside_outside(boundary).any()
    assert not inside_outside(np.zeros((4, 5), bool)).any()


def test_strength_by_hand() -> None:
    assert not boundary_strength(constant(5, 6, 3, 1), PARAMS).any()
    step = constant(5, 6, 0, 0)
    step[:, 3:, 0] = 8  # central differences: 4 at columns 2 and 3
    strength = boundary_strength(step, PARAMS)
    assert strength[:, 2:4] == pytest.approx(np.full((5, 2), 1 - np.exp(-0.7 * 4)), abs=1e-5)
    assert not strength[:, :2].any() and not strength[:, 4:].any()


def test_below_the_trusted_strength_the_direction_has_to_agree() -> None:
    faster = constant(5, 6, 1, 0)
    faster[:, 3:, 0] = 2  # the same direction
    assert not boundary_strength(faster, PARAMS).any()
    turned = constant(5, 6, 1, 0)
    turned[:, 3:] = [0, 1]  # a right angle; the gradient is sqrt(.5)
    expected = (1 - np.exp(-0.7 * np.sqrt(0.5))) * (1 - np.exp(-3 * (np.pi / 2) ** 2))
    assert boundary_strength(turned, PARAMS)[2, 2] == pytest.approx(expected, abs=1e-5)


def test_what_moves_is_inside_at_any_speed() -> None:
    for speed in (0.5, 5.0, 50.0):
        flow = constant(40, 60, 0, 0)
        flow[8:32, 20:44] = [speed, -speed]
        inside = inside_of_motion(flow, BoundaryParams())
        # its own border pixel and the one beside it belong to the boundary: a run of four
        assert inside[10:30, 22:42].all()
        inside[8:32, 20:44] = False
        assert not inside.any()
    assert not inside_of_motion(constant(40, 60, 0, 0), BoundaryParams()).any()
