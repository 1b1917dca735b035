from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.selections import Selection
from pipeline.datasets.boxes import Box
from pipeline.evaluation.read_versions import (
    annotated_keys,
    measure_frames,
    measure_model,
    region_iou,
    score_places,
    score_selection,
)
from pipeline.evaluation.versions import ModelFigures, by_video, score_model, score_pa
from tests.tiny import TAXONOMY

BIRD_FLIES, BIRD_WALKS, DOG = 1, 2, 3
Map = npt.NDArray[np.uint8]


def row(*labels: int) -> Map:
    return np.array([labels], np.uint8)


def store(folder: Path, maps: dict[str, dict[int, Map]]) -> LabelMaps:
    rows = [{"video": v, "rows": LabelMaps.write(folder, v, m)} for v, m in maps.items()]
    LabelMaps.write_index(folder, rows, {})
    return LabelMaps(folder)


def score_of(truth: LabelMaps, labels: LabelMaps, *keys: tuple[str, int]) -> dict[str, Any]:
    return score_pa(measure_frames(truth, labels, keys, TAXONOMY), TAXONOMY)


@pytest.fixture
def truth(tmp_path: Path) -> LabelMaps:
    masks = {1: row(0, 0, 1, 1, 3, 255), 3: row(0, 2, 2, 0, 0, 0)}
    return store(tmp_path / "truth", {"v": masks, "w": {3: row(3, 3, 0, 0, 0, 0)}})


@pytest.fixture
def labels(tmp_path: Path) -> LabelMaps:
    maps = {1: row(0, 1, 1, 0, 3, 3), 2: row(1, 1, 1, 1, 1, 1), 3: row(0, 1, 2, 0, 0, 3)}
    return store(tmp_path / "pa", {"x": {3: row(1, 1, 1, 1, 1, 1)}, "v": maps})


def test_annotated_keys(truth: LabelMaps, labels: LabelMaps) -> None:
    assert annotated_keys(truth, labels, ["x", "w", "v", "unknown"]) == [("v", 1), ("v", 3)]
    assert annotated_keys(truth, labels, ["w"]) == []


def test_score_pa_by_hand(truth: LabelMaps, labels: LabelMaps) -> None:
    scores = score_of(truth, labels, ("v", 1), ("v", 3))
    # truth 0 0 1 1 3 . | 0 2 2 0 0 0, found 0 1 1 0 3 . | 0 1 2 0 0 3
    background, flying, walking, dog = 4 / 7, 1 / 4, 1 / 2, 1 / 2
    assert scores["miou_actor_action"] == pytest.approx(25 * (background + flying + walking + dog))
    bird = 3 / 5
    assert scores["miou_actor"] == pytest.approx(100 * (background + bird + dog) / 3)
    assert scores["iou_foreground"] == pytest.approx(100 * 4 / 7)
    assert scores["glo_acc"] == pytest.approx(100 * 7 / 11)
    names = TAXONOMY.names("actor_action")
    parts = (background, flying, walking, dog)
    assert scores["iou"] == pytest.approx(dict(zip(names, [100 * p for p in parts], strict=True)))
    one = score_of(truth, labels, ("v", 3))
    assert one["glo_acc"] == pytest.approx(100 * 4 / 6)
    assert np.isnan(score_of(truth, labels)["miou_actor_action"])


def test_the_maps_before_refinement_have_a_jaccard_of_their_own(
    tmp_path: Path, truth: LabelMaps
) -> None:
    before = {1: row(0, 0, 1, 1, 3, 3), 3: row(0, 2, 0, 0, 0, 0)}
    after = {1: row(0, 0, 1, 0, 0, 0), 3: row(0, 2, 2, 0, 0, 0)}
    rows = [{"video": "v", "rows": LabelMaps.write(tmp_path / "pa", "v", after, before)}]
    LabelMaps.write_index(tmp_path / "pa", rows, {})
    scores = score_of(truth, LabelMaps(tmp_path / "pa"), ("v", 1), ("v", 3))
    assert scores["jaccard_initial"] == pytest.approx((100 + 50) / 2)
    assert scores["jaccard"] == pytest.approx((100 / 3 + 100) / 2)


def test_jaccard_and_corloc_by_hand(truth: LabelMaps, labels: LabelMaps) -> None:
    keys = [("v", 1), ("v", 3)]
    # foreground . . x x x _ against . x x . x _, and . x x . . . against . x x . . x
    measured = measure_frames(truth, labels, keys, TAXONOMY)
    assert by_video(measured, "jaccard") == {"v": pytest.approx([50, 200 / 3])}
    scores = score_pa(measured, TAXONOMY)
    assert scores["jaccard"] == scores["jaccard_initial"] == pytest.approx(175 / 3)
    # the larger parts: columns 1 to 2 against true boxes 2 to 3 and 4 (of the dog); 1 to 2, right
    assert scores["corloc"] == 50
    found = {("w", 3): None, ("v", 1): Box(0, 1, 1, 3), ("v", 3): Box(0, 1, 1, 3)}
    assert score_places(truth, found) == pytest.approx(100 / 3)


def test_model_by_hand(truth: LabelMaps) -> None:
    answers = {1: row(0, 0, 1, 2, 3, 3), 2: row(9, 9, 9, 9, 9, 9), 3: row(0, 1, 1, 0, 0, 0)}

    def measured(video: str, *keys: int) -> ModelFigures:
        return measure_model(truth, TAXONOMY, video, keys, np.stack([answers[n] for n in keys]))

    of_v, of_w = measured("v", 1, 2, 3), measured("w", 1, 2, 3)  # frame 2 has no mask
    names = TAXONOMY.names("actor_action")
    assert of_v.taken_for == [
        (names[BIRD_FLIES], names[BIRD_FLIES]),  # one pixel each way: the lower label
        (names[DOG], names[DOG]),
        (names[BIRD_WALKS], names[BIRD_FLIES]),
    ]
    assert of_w.taken_for == [(names[DOG], names[0])]
    # 17 pixels count: frame 1 four right of five, frame 3 four of six, w: three of six
    assert score_model([of_v, of_w], TAXONOMY)["glo_acc"] == pytest.approx(100 * 11 / 17)
    assert score_model([of_w], TAXONOMY)["glo_acc"] == pytest.approx(100 * 3 / 6)
    fewer = [measured("v", 1, 2), measured("w", 1, 2)]  # masks of no key frame do not count
    assert score_model(fewer, TAXONOMY)["glo_acc"] == pytest.approx(100 * 4 / 5)
    assert math.isnan(score_model([], TAXONOMY)["glo_acc"])


def test_region_iou_by_hand(truth: LabelMaps, labels: LabelMaps) -> None:
    regions = pd.DataFrame(
        [("v", 1, 1), ("v", 3, 1), ("v", 3, 2), ("v", 2, 1), ("x", 3, 1)],
        columns=["video", "frame", "label"],
        index=[7, 3, 5, 1, 0],
    )
    found = region_iou(truth, labels, regions)
    assert found.index.tolist() == [7, 3, 5, 1, 0]
    assert found.tolist()[:3] == pytest.approx([1 / 3, 0, 1 / 2])
    assert found.isna().tolist() == [False, False, False, True, True]
    assert region_iou(truth, labels, regions[:0]).dtype == float


def test_score_selection_by_hand(tmp_path: Path, truth: LabelMaps, labels: LabelMaps) -> None:
    frames = pd.DataFrame(
        [("v", 1, True), ("v", 2, True), ("v", 3, False), ("x", 3, False)],
        columns=["video", "frame", "selected"],
    )
    regions = pd.DataFrame(
        [("v", 1, 1, "a", 0.5, 9.0), ("v", 3, 1, "a", 0.1, 9.0), ("v", 3, 2, "b", 0.9, 8.0)],
        columns=["video", "frame", "label", "tag", "score", "other"],
    )
    keys = [("v", 1), ("v", 3)]
    measured = measure_frames(truth, labels, keys, TAXONOMY)
    report = {"rule": "tests", "frames": 4, "selected": 2, "discriminator_accuracy": 62.5}
    Selection.write(tmp_path / "selection", frames, regions, report)
    selection = Selection(tmp_path / "selection")
    found = score_selection(truth, labels, measured, selection, TAXONOMY)
    whole = score_of(truth, labels, ("v", 1))  # frame 2 has no mask
    assert {k: found[k] for k in whole} == whole
    assert found["fraction"] == 50
    # true IoU 1/3, 0, 1/2: the score orders them alike; `other` ties the first two, at 2.5
    assert found["rank_correlation"] == pytest.approx(1)
    assert found["rank_correlations"] == pytest.approx({"score": 1, "other": -np.sqrt(3) / 2})
    # and what the selection says of itself; `selected` is the name of all these figures together
    assert {k: found.get(k) for k in report} == {**report, "selected": None}
    none = Selection(tmp_path / "none")
    Selection.write(none.folder, frames[:0], regions[:0], {"rule": "full", "selected": 0})
    empty = score_selection(truth, labels, measured, none, TAXONOMY)
    assert empty["fraction"] == 0 and empty["rule"] == "full"
    assert math.isnan(empty["miou_actor_action"]) and math.isnan(empty["rank_correlation"])
