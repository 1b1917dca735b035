from __future__ import annotations

import math

import numpy as np
import pytest

from pipeline.datasets.clips import (
    ClipParams,
    clip_around,
    clip_frames,
    clip_starts,
    resize_short_side,
)

PICTURES = np.zeros((2, 6, 8, 3), np.uint8)


@pytest.mark.parametrize("count", [1, 5, 8, 9, 16, 17, 40])
@pytest.mark.parametrize("frames_, step", [(8, 1), (4, 2), (3, 3)])
def test_clips_cover_the_video(count: int, frames_: int, step: int) -> None:
    clip = ClipParams(frames=frames_, step=step)
    starts = clip_starts(count, clip)
    clips = [clip_frames(count, clip, start) for start in starts]
    assert all(len(c) == frames_ and max(c) < count and c == sorted(c) for c in clips)
    reached = {p for c in clips for first in c for p in range(first, min(first + step, count))}
    assert reached == set(range(count))
    assert len(starts) == max(math.ceil(count / (frames_ * step)), 1)


def test_clips_by_hand() -> None:
    assert clip_starts(10, ClipParams(frames=4)) == [0, 4, 6]
    assert clip_starts(8, ClipParams(frames=4)) == [0, 4]
    assert clip_frames(10, ClipParams(frames=4, step=2), 1) == [1, 3, 5, 7]
    assert clip_frames(3, ClipParams(frames=4, step=1), 0) == [0, 1, 2, 2]


@pytest.mark.parametrize(
    "position, start", [(0, 0), (3, 0), (4, 0), (5, 1), (9, 5), (12, 8), (19, 12)]
)
def test_clip_around_by_hand(position: int, start: int) -> None:
    clip = ClipParams(frames=4, step=2)  # 8 of 20 frames
    assert clip_around(20, clip, position) == start
    assert clip_around(5, clip, min(position, 4)) == 0  # all of a short video


@pytest.mark.parametrize(
    "size, side, expected",
    [((20, 30), 10, (10, 15)), ((30, 20), 10, (15, 10)), ((20, 30), 40, (40, 60))],
)
def test_short_side(size: tuple[int, int], side: int, expected: tuple[int, int]) -> None:
    images = np.stack([np.full((*size, 3), value, np.uint8) for value in (9, 200)])
    found = resize_short_side(images, side)
    assert found.shape == (2, *expected, 3) and found.dtype == np.uint8
    assert (found[0] == 9).all() and (found[1] == 200).all()


def test_short_side_that_is_right_already() -> None:
    assert resize_short_side(PICTURES, None) is PICTURES
    assert resize_short_side(PICTURES, 6) is PICTURES
