from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from pipeline.datasets.boxes import Box
from pipeline.evaluation.versions import (
    FrameFigures,
    ModelFigures,
    by_video,
    rank_correlation,
    score_model,
    score_pa,
)
from tests.tiny import TAXONOMY

NAMES = TAXONOMY.names("actor_action")  # background, bird-flying, bird-walking, dog-walking


def matrix(*rows: tuple[int, ...]) -> np.ndarray:
    return np.array(rows, np.int64)


def test_rank_correlation_by_hand() -> None:
    score = pd.Series([1.0, 2.0, 3.0, 4.0, np.nan])
    truth = pd.Series([10.0, 30.0, 20.0, 40.0, 0.0])
    # squared differences of ranks 0 1 1 0: 1 - 6 * 2 / (4 * 15)
    assert rank_correlation(score, truth) == pytest.approx(0.8)
    assert rank_correlation(score, -truth) == pytest.approx(-0.8)
    assert math.isnan(rank_correlation(score, truth * 0))
    assert math.isnan(rank_correlation(score[:1], truth[:1]))


LEFT, RIGHT = Box(0, 0, 2, 4), Box(0, 4, 2, 8)
FRAMES = {
    ("v", 1): FrameFigures(
        matrix((4, 1, 0, 0), (1, 2, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0)), 40.0, 30.0, LEFT, [LEFT]
    ),
    ("v", 3): FrameFigures(
        matrix((3, 0, 0, 1), (0, 1, 0, 0), (0, 1, 0, 0), (0, 0, 0, 2)), 60.0, 70.0, LEFT, [RIGHT]
    ),
    ("w", 0): FrameFigures(
        matrix((8, 0, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0)), 100.0, 20.0, None, [RIGHT]
    ),
}


def test_pixels_of_all_frames_and_means_over_videos() -> None:
    found = score_pa(FRAMES, TAXONOMY)
    # pixels right, of others and missed: background 15, 1, 2; flying 3, 2, 1; walking 0, 0, 1;
    # dog 2, 1, 0
    of_class = dict(zip(NAMES, (15 / 18, 3 / 6, 0, 2 / 3), strict=True))
    assert found["iou"] == pytest.approx({name: 100 * iou for name, iou in of_class.items()})
    assert found["miou_actor_action"] == pytest.approx(25 * sum(of_class.values()))
    assert found["glo_acc"] == pytest.approx(100 * 20 / 24)
    assert by_video(FRAMES, "jaccard") == {"v": [40, 60], "w": [100]}
    assert found["jaccard"] == pytest.approx((50 + 100) / 2)
    assert found["jaccard_initial"] == pytest.approx((50 + 20) / 2)
    assert found["corloc"] == pytest.approx(100 / 3)


def test_no_frame_and_no_video() -> None:
    assert math.isnan(score_pa({}, TAXONOMY)["miou_actor_action"])
    assert score_pa({}, TAXONOMY)["iou"] == {} and by_video({}, "jaccard") == {}
    assert math.isnan(score_model([], TAXONOMY)["glo_acc"])


def test_a_model_by_its_pixels_in_all_videos() -> None:
    videos = [ModelFigures(figures.confusion, []) for figures in FRAMES.values()]
    found, same = score_model(videos, TAXONOMY), score_pa(FRAMES, TAXONOMY)
    assert found == {name: same[name] for name in found} and "iou" in found
    assert score_model(videos[:1], TAXONOMY)["glo_acc"] == pytest.approx(100 * 6 / 8)
    # classes that do not occur have no IoU
    assert set(score_model(videos[:1], TAXONOMY)["iou"]) == set(NAMES[:2])
