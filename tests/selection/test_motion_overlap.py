from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params
from pipeline.selection.motion_overlap import (
    MotionRuleParams,
    frames_in_motion,
    longest_run,
    measure_shot,
    motion_table,
    overlap_of,
    select_best_shots,
    select_moving,
)
from tests.tiny import write_frames, write_labels

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


def test_the_table_of_a_version_by_hand(tmp_path: Path) -> None:
    frames = write_frames(tmp_path / "frames")  # key frames 1 and 3 of 4
    predicted = {"version": "v1", "model": {}, "initial_share": 0.1}
    labels = write_labels(tmp_path / "pa", frames, predicted)
    rows = []
    for video, columns in (("a", slice(0, 20)), ("c", slice(0, 1))):
        segment = np.zeros((32, 40), bool)
        segment[8:20, columns] = True  # 240 or 12 of 1280 pixels
        count = MotionSegments.write(
            tmp_path / "motion",
            video,
            dict.fromkeys(range(4), segment),
            dict.fromkeys(range(4), segment),
        )
        rows.append({"video": video, "rows": count})
    MotionSegments.write_index(tmp_path / "motion", rows)
    motion = MotionSegments(tmp_path / "motion")
    found = motion_table(["a", "b", "c"], frames, labels, motion, FOUR)
    assert list(zip(found["video"], found["frame"], strict=True)) == [
        *(("a", 1), ("a", 3), ("b", 1), ("b", 3), ("c", 1), ("c", 3))
    ]
    assert found["moving"].tolist() == [True, True, False, False, False, False]  # b has none
    # squares of columns 6 to 17 and 10 to 21 against 0 to 19: 12 of 20 and 10 of 22 columns
    assert found["overlap"].tolist() == pytest.approx([(12 / 20 + 10 / 22) / 2] * 2 + [0] * 4)
    assert found["whole_video"].tolist() == found["video"].tolist()
    first = write_labels(tmp_path / "v0", frames, {"version": "v0", "model": None})
    assert motion_table(["a"], frames, first, motion, FOUR)["overlap"].isna().all()
    assert motion_table([], frames, labels, motion, FOUR).empty


def test_the_overlap_is_that_of_the_network_s_own_answer(tmp_path: Path) -> None:
    frames = write_frames(tmp_path / "frames")
    moved = np.zeros((32, 40), bool)
    moved[:, :10] = True
    count = MotionSegments.write(
        tmp_path / "motion", "a", dict.fromkeys(range(4), moved), dict.fromkeys(range(4), moved)
    )
    MotionSegments.write_index(tmp_path / "motion", [{"video": "a", "rows": count}])
    final, own = np.where(moved, 1, 0).astype(np.uint8), np.zeros((32, 40), np.uint8)
    own[:, :20] = 1
    rows = LabelMaps.write(tmp_path / "pa", "a", {1: final, 3: final}, {1: own, 3: own})
    LabelMaps.write_index(tmp_path / "pa", [{"video": "a", "rows": rows}], {"model": {}})
    motion = MotionSegments(tmp_path / "motion")
    found = motion_table(["a"], frames, LabelMaps(tmp_path / "pa"), motion, FOUR)
    assert found["overlap"].tolist() == [0.5, 0.5]


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
