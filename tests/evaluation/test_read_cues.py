from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.maps import Maps
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.evaluation.read_cues import score_cams, score_motion
from pipeline.vision.otsu import BinariseParams

HALF = BinariseParams(variant="fixed", threshold=0.5)


def row(*values: int) -> np.ndarray:
    return np.array([values], np.uint8)


def write(folder: Path, truth: dict[str, dict[int, int]], motion: dict[str, dict[int, int]]):  # type: ignore[no-untyped-def]
    """By video and frame the last column, of ten, that is object, and that is segment."""
    wide = np.arange(10)[None] * np.ones((4, 1), int)
    for video, frames in truth.items():
        maps = {n: np.where(wide < last, 3, 0).astype(np.uint8) for n, last in frames.items()}
        LabelMaps.write(folder / "truth", video, maps)
    LabelMaps.write_index(folder / "truth", [{"video": v, "rows": 1} for v in truth], {})
    for video, frames in motion.items():
        found = {n: wide < last for n, last in frames.items()}
        MotionSegments.write(folder / "motion", video, found, found)
    MotionSegments.write_index(folder / "motion", [{"video": v, "rows": 1} for v in motion])
    return LabelMaps(folder / "truth"), MotionSegments(folder / "motion")


def test_mean_over_frames_then_over_videos(tmp_path: Path) -> None:
    truth = {"a": {0: 4, 2: 5, 5: 0}, "b": {1: 8}, "unseen": {0: 3}}
    motion = {"a": {0: 2, 1: 9, 2: 0, 5: 0}, "b": {1: 10}, "unmarked": {0: 2}}
    # a: 2/4, 0/5, nothing in either; b: 8/10
    found = score_motion(*write(tmp_path, truth, motion))
    assert found is not None
    assert found["by_video"] == pytest.approx({"a": 50, "b": 80})
    assert found["jaccard"] == pytest.approx(65)


def test_nothing_to_score(tmp_path: Path) -> None:
    assert score_motion(*write(tmp_path / "x", {"a": {0: 3}}, {})) is None
    assert score_motion(*write(tmp_path / "y", {"a": {0: 3}}, {"a": {1: 3}})) is None


def write_maps(folder: Path, values: dict[str, dict[int, list[list[float]]]]) -> Maps:
    """Maps 1 x 4 of the classes cat and dog (as many as there are), by video and frame."""
    rows = []
    for video, frames in values.items():
        maps = {n: np.array(m)[:, None, :] for n, m in frames.items()}
        classes = list(range(len(next(iter(frames.values())))))
        rows.append({"video": video, "rows": Maps.write(folder, video, classes, maps)})
    Maps.write_index(folder, rows, ["cat", "dog"])
    return Maps(folder)


def test_before_and_after_on_the_same_frames_and_classes(tmp_path: Path) -> None:
    truth = tmp_path / "truth"
    for video in ("a", "b"):
        maps = {1: row(1, 1, 0, 0), 3: row(1, 1, 0, 0)}
        LabelMaps.write(truth, video, maps)
    LabelMaps.write_index(truth, [{"video": v, "rows": 2} for v in ("a", "b")], {})
    cat, dog = [1.0, 0, 0, 0], [0, 0, 0, 1.0]
    cam = write_maps(tmp_path / "cam", {"a": {1: [cat, dog], 3: [cat, dog]}, "b": {1: [dog]}})
    united = write_maps(tmp_path / "united", {"a": {3: [[1.0, 0.8, 0, 0]]}})
    none = write_maps(tmp_path / "none", {})
    found = score_cams(LabelMaps(truth), cam, united, ["a", "b"], HALF)
    assert found == {
        "cam": {"iou_foreground": 50.0, "frames": 1},  # cat alone, frame 3 alone
        "aggregated": {"iou_foreground": 100.0, "frames": 1},
    }
    # without aggregation: a: 1 of 3 pixels, twice; b: 0 of 3
    assert score_cams(LabelMaps(truth), cam, None, ["a", "b"], HALF) == {
        "cam": {"iou_foreground": pytest.approx(100 * 2 / 9), "frames": 3}
    }
    assert score_cams(LabelMaps(truth), none, None, ["a", "b"], HALF) == {}
    assert score_cams(LabelMaps(truth), cam, none, ["a", "b"], HALF) == {}  # no sample anywhere
    assert score_cams(LabelMaps(truth), cam, united, ["b"], HALF) == {}
