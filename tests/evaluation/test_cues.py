from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.evaluation.cues import score_motion


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
