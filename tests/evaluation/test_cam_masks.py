from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.maps import Maps
from pipeline.evaluation.cam_masks import cam_mask, foreground_iou, score_cams
from pipeline.vision.otsu import BinariseParams

HALF = BinariseParams(variant="fixed", threshold=0.5)


def row(*values: int) -> np.ndarray:
    return np.array([values], np.uint8)


def test_foreground_of_all_frames_together() -> None:
    # frame 1: found 2 and 3 of true 1, 2 (label does not matter), one true pixel not counted
    # frame 2: 255 found is background
    frames = [(row(0, 1, 1, 0, 255), row(0, 0, 3, 3, 3)), (row(2, 2, 0, 0), row(2, 255, 0, 255))]
    assert foreground_iou(frames) == pytest.approx(100 * 2 / 5)
    assert math.isnan(foreground_iou([(row(0, 255), row(0, 1))]))
    assert math.isnan(foreground_iou([]))


def test_the_mask_is_the_union_of_the_classes() -> None:
    maps = [np.array([[1.0, 0.2, 0.0]]), np.array([[0.0, 0.2, 0.4]])]
    # each map is scaled by its maximum, as for the pseudo-annotation: 0.4 -> 1, 0.2 -> 0.5
    assert cam_mask(maps, (1, 3), HALF).tolist() == [[1, 0, 1]]


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
    assert score_cams(LabelMaps(truth), cam, none, ["a", "b"], HALF) == {
        "cam": {"iou_foreground": pytest.approx(100 * 2 / 9), "frames": 3}
    }
    assert score_cams(LabelMaps(truth), none, none, ["a", "b"], HALF) == {}
    assert score_cams(LabelMaps(truth), cam, united, ["b"], HALF) == {}
