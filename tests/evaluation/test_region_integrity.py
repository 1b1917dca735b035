import numpy as np
import pytest

from pipeline.evaluation.confusion import confusion_matrix
from pipeline.evaluation.region_integrity import (
    integrity_scores,
    region_integrity_criterion,
    region_integrity_index,
)

INITIAL = np.array([[0, 0, 1, 1], [0, 2, 2, 1]], dtype=np.uint8)
REFINED = np.array([[0, 1, 1, 1], [0, 2, 0, 1]], dtype=np.uint8)
PA = np.array([[0, 0, 1, 1], [0, 0, 0, 1]], dtype=np.uint8)


def test_rii_by_hand() -> None:
    # background 2/4, label 1 3/4, label 2 1/2
    expected = (50 + 75 + 50) / 3
    assert region_integrity_index(INITIAL, REFINED, 4) == pytest.approx(expected)
    assert region_integrity_index(INITIAL, INITIAL, 4) == 100


def test_ric_by_hand() -> None:
    assert region_integrity_criterion(30.0, 60.0) == 60.0
    assert region_integrity_criterion(30.0, 60.0, weight=0.1) == pytest.approx(36.0)


def test_scores_rest_on_the_sums_over_the_set() -> None:
    frames = [(INITIAL, REFINED, PA), (PA, PA, PA)]
    matrix_pa = sum(confusion_matrix(pa, refined, 3) for _, refined, pa in frames)
    matrix_rii = sum(confusion_matrix(initial, refined, 3) for initial, refined, _ in frames)
    scores = integrity_scores(matrix_pa, matrix_rii, weight=0.5)
    # Eq. 1, sums over both frames: background (3 + 5)/(5 + 5), label 1 (3 + 3)/(4 + 3), label 2 0/1
    assert scores.miou_pa == pytest.approx((80 + 600 / 7 + 0) / 3)
    # Eq. 2: background (2 + 5)/(4 + 5), label 1 (3 + 3)/(4 + 3), label 2 1/2
    assert scores.rii == pytest.approx((700 / 9 + 600 / 7 + 50) / 3)
    assert scores.ric == pytest.approx(scores.miou_pa + 0.5 * scores.rii)
