from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params
from pipeline.selection.motion_overlap import (
    MotionRuleParams,
    frames_in_motion,
    longest_run,
    measure_shot,
    overlap_of,
    select_best_shots,
    select_moving,
)

FOUR = MotionRuleParams(run=4, frames=3)


def test_longest_run() -> None:
    assert longest_run([]) == range(0)
    assert longest_run([False, False]) == range(0)
    assert longest_run([True, True, False, True, True, True]) == range(3, 6)
    assert longest_run([True, True, False, True, True]) == range(0, 2)


def test_frames_in_motion_by_hand() -> None:
    # moving: 0 to 2, and 4 to 9 with 4 and 9 just at the limits
    shares = dict(enumerate([0.1, 0.1, 0.1, 0.02, 0.025, 0.3, 0.3, 0.3, 0.3, 0.5, 0.51, 0.3]))
    assert frames_in_motion(shares, range(12), FOUR) == [5, 7, 9]  # the middles of 45, 67, 89
    assert frames_in_motion(shares, [0, 2, 4, 6, 8, 10], FOUR) == [4, 6, 8]
    assert frames_in_motion(shares, [0, 6], FOUR) == [6]
    assert frames_in_motion(shares, range(12), MotionRuleParams(run=7)) == []
    assert frames_in_motion(shares, range(12), MotionRuleParams(run=6)) == [4, 5, 6, 7, 8, 9]


def test_a_short_shot_is_dropped() -> None:
    moving = dict.fromkeys(range(19), 0.2)
    assert frames_in_motion(moving, list(moving), MotionRuleParams()) == []
    moving[19] = 0.2
    assert frames_in_motion(moving, list(moving), MotionRuleParams()) == list(range(1, 20, 2))


def test_a_run_counts_stored_frames() -> None:
    # every third frame of the source is stored
    assert frames_in_motion({0: 0.1, 3: 0.1, 6: 0.1, 9: 0.1}, [0, 3, 6, 9], FOUR) == [0, 6, 9]


def row(*values: int) -> np.ndarray:
    return np.array([values], np.uint8)


def test_overlap_by_hand() -> None:
    assert overlap_of(row(0, 1, 1, 0) > 0, row(0, 3, 0, 1)) == pytest.approx(1 / 3)
    assert overlap_of(row(0, 0, 1, 1) > 0, row(0, 0, 2, 2)) == 1
    assert overlap_of(row(0, 0) > 0, row(0, 255)) == 0


def test_measure_shot_by_hand() -> None:
    asked = []

    def overlap(n: int) -> float:
        asked.append(n)
        return {0: 0.1, 2: 0.9, 3: 0.5}[n]

    shares = dict(enumerate([0.1, 0.2, 0.2, 0.2, 0.2, 0.9]))
    found = measure_shot("v1", "v", shares, [0, 2, 3, 5], overlap, FOUR)
    assert found["frame"].tolist() == [0, 2, 3, 5]
    assert found["moving"].tolist() == [True, True, True, False]
    assert found["overlap"].tolist() == pytest.approx([0.5] * 4)
    assert asked == [0, 2, 3] and set(found["whole_video"]) == {"v"}
    first = measure_shot("v1", "v", shares, [0, 2], None, FOUR)
    assert first["overlap"].isna().all() and first["moving"].all()
    still = measure_shot("s", "s", {}, [0], overlap, FOUR)
    assert still[["moving", "overlap"]].to_numpy().tolist() == [[False, 0]]


def table(*rows: tuple[str, int, str, bool, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["video", "frame", "whole_video", "moving", "overlap"])


SHOTS = table(
    ("a1", 0, "a", True, 0.3),
    ("a1", 1, "a", False, 0.3),
    ("a2", 0, "a", True, 0.7),
    ("a2", 1, "a", True, 0.7),
    ("a3", 0, "a", False, 0.0),
    ("b1", 0, "b", True, 0.19),
    ("c2", 0, "c", True, 0.4),
    ("c1", 0, "c", True, 0.4),
)


def names(frames: pd.DataFrame) -> list[str]:
    return [f"{v}.{n}" for v, n in zip(frames["video"], frames["frame"], strict=True)]


def test_one_shot_of_each_video() -> None:
    assert names(select_moving(SHOTS)) == ["a1.0", "a2.0", "a2.1", "b1.0", "c2.0", "c1.0"]
    assert names(select_best_shots(SHOTS, MotionRuleParams())) == ["a2.0", "a2.1", "c1.0"]
    loose = MotionRuleParams(overlap=0.1)
    assert names(select_best_shots(SHOTS, loose)) == ["a2.0", "a2.1", "b1.0", "c1.0"]


def test_with_nothing_to_choose_by_all_that_moves() -> None:
    for overlap in (float("nan"), 0.1):  # no network yet; a network that finds nothing
        frames = SHOTS.assign(overlap=overlap)
        assert names(select_best_shots(frames, MotionRuleParams())) == names(select_moving(SHOTS))


def test_refuses() -> None:
    with pytest.raises(InputError, match=r"selection\.motion: least 0\.6 is above most 0\.5"):
        parse_params(MotionRuleParams, {"least": 0.6}, "selection.motion")
