from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.selection.motion_overlap import MotionRuleParams
from pipeline.selection.read_motion import motion_table
from tests.tiny import write_frames, write_labels

FOUR = MotionRuleParams(run=4, frames=3)


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
