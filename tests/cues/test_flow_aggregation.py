from __future__ import annotations

import numpy as np
import pytest

from pipeline.cues.flow_aggregation import (
    Step,
    aggregate,
    resized,
    warp_to_next,
    windows,
)


def flow(x: float, y: float, height: int = 6, width: int = 8) -> np.ndarray:
    """Everything moves by (x, y)."""
    return np.full((height, width, 2), (x, y), np.float32)


def moved_by(x: float, y: float) -> Step:
    """Flow of a frame in which everything lies (x, y) from where it was."""
    return Step(flow(-x, -y))


def square(top: int, left: int, height: int = 6, width: int = 8) -> np.ndarray:
    """One class, C h w: a mask of 2 x 2 pixels."""
    mask = np.zeros((1, height, width), np.float32)
    mask[0, top : top + 2, left : left + 2] = 1
    return mask


def test_a_mask_moves_with_the_flow() -> None:
    assert np.array_equal(warp_to_next(square(1, 2), moved_by(3, 1)), square(2, 5))


def test_half_a_pixel_is_bilinear() -> None:
    found = warp_to_next(square(1, 2), moved_by(0.5, 0))[0]
    assert found[1].tolist() == [0, 0, 0.5, 1, 0.5, 0, 0, 0]
    assert found[2].tolist() == found[1].tolist() and found.sum() == 4


def test_what_leaves_the_frame_is_gone_and_nothing_enters() -> None:
    found = warp_to_next(np.ones((2, 6, 8), np.float32), moved_by(3, 0))
    assert not found[:, :, :3].any() and (found[:, :, 3:] == 1).all()
    assert not warp_to_next(square(1, 6), moved_by(3, 0)).any()


def test_only_what_both_flows_agree_on_is_carried_on() -> None:
    forward = flow(2, 0)
    forward[2] = (5, 0)  # leads elsewhere than the flow back comes from
    found = warp_to_next(square(1, 2), Step(flow(-2, 0), forward))
    expected = square(1, 4)
    expected[0, 2] = 0
    assert np.array_equal(found, expected)
    assert np.array_equal(warp_to_next(square(1, 2), Step(flow(-2, 0))), square(1, 4))


def test_the_union_of_all_frames_in_the_last() -> None:
    """A shape of three squares moves (1, 1) a frame; each frame shows another of them."""
    steps = {5: moved_by(1, 1), 9: moved_by(1, 1)}
    maps = {1: square(0, 0), 5: square(1, 3), 9: square(4, 3)}
    found = aggregate(maps, [1, 5, 9], steps.__getitem__)
    expected = square(2, 2) + square(2, 4) + square(4, 3)
    assert np.array_equal(found, expected) and expected.max() == 1


def test_union_is_the_largest_value_of_each_class() -> None:
    still = moved_by(0, 0)
    first = np.stack([np.full((6, 8), v, np.float32) for v in (0.2, 0.9)])
    second = np.stack([np.full((6, 8), v, np.float32) for v in (0.6, 0.1)])
    found = aggregate({0: first, 1: second}, [0, 1], lambda n: still)
    assert (found[0] == np.float32(0.6)).all() and (found[1] == np.float32(0.9)).all()


def test_frames_without_maps_are_passed_through() -> None:
    steps = {1: moved_by(2, 0), 2: moved_by(2, 0), 3: moved_by(0, 2)}
    found = aggregate({0: square(1, 0), 3: square(0, 0)}, [0, 1, 2, 3], steps.__getitem__)
    assert np.array_equal(found, square(3, 4) + square(0, 0))


def test_one_frame_is_what_it_was() -> None:
    assert np.array_equal(aggregate({4: square(1, 2)}, [4], {}.__getitem__), square(1, 2))


def test_resizing_keeps_the_values() -> None:
    found = resized([np.full((2, 3), 0.25), np.zeros((4, 4))], 6, 8)
    assert found.shape == (2, 6, 8) and found.dtype == np.float32
    assert (found[0] == 0.25).all() and not found[1].any()


def test_windows_end_in_each_key_frame() -> None:
    assert windows([2, 5, 7, 9], 3) == [[2], [2, 5], [2, 5, 7], [5, 7, 9]]
    assert windows([2, 5], 1) == [[2], [5]]


def test_refuses() -> None:
    with pytest.raises(ValueError, match=r"received \(1, 6, 8\) and \(3, 8, 2\)"):
        warp_to_next(square(0, 0), Step(flow(0, 0, height=3)))
    for frames in ([], [7, 1]):
        with pytest.raises(ValueError, match="begin with one that has maps"):
            aggregate({1: square(0, 0)}, frames, lambda n: moved_by(0, 0))
