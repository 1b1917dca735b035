import math

import numpy as np
import pytest

from pipeline.datasets.taxonomy import A2D, taxonomy_of
from pipeline.evaluation.confusion import (
    cls_acc,
    collapse,
    confusion_matrix,
    foreground_iou,
    glo_acc,
    iou_per_class,
    miou,
    scores_in_views,
)

TRUTH = np.array([[0, 0, 0, 1], [0, 1, 1, 1], [2, 2, 255, 255]], dtype=np.uint8)
PREDICTED = np.array([[0, 0, 1, 1], [0, 1, 2, 0], [2, 255, 1, 255]], dtype=np.uint8)
# rows truth, columns prediction, four labels of which 3 does not occur
MATRIX = np.array([[3, 1, 0, 0], [1, 2, 1, 0], [1, 0, 1, 0], [0, 0, 0, 0]])


def test_confusion_matrix_by_hand() -> None:
    before = PREDICTED.copy()
    found = confusion_matrix(TRUTH, PREDICTED, 4)
    assert found.dtype == np.int64
    assert (found == MATRIX).all()
    assert (before == PREDICTED).all()


def test_scores_by_hand() -> None:
    # IoU: 3/6, 2/5, 1/3
    assert iou_per_class(MATRIX)[:3] == pytest.approx([50, 40, 100 / 3])
    assert math.isnan(iou_per_class(MATRIX)[3])
    assert miou(MATRIX) == pytest.approx((50 + 40 + 100 / 3) / 3)
    assert cls_acc(MATRIX) == pytest.approx((75 + 50 + 50) / 3)
    assert glo_acc(MATRIX) == pytest.approx(60)
    # foreground: 4 pixels in both, 2 missed, 1 too many
    assert foreground_iou(MATRIX) == pytest.approx(400 / 7)


def test_a_label_only_predicted_counts_in_miou_but_not_in_cls_acc() -> None:
    matrix = np.array([[6, 0, 2], [0, 4, 0], [0, 0, 0]])
    assert miou(matrix) == pytest.approx((75 + 100 + 0) / 3)
    assert cls_acc(matrix) == pytest.approx((75 + 100) / 2)


def test_nothing_to_score_is_nan() -> None:
    ignored = np.full((2, 3), 255, dtype=np.uint8)
    matrix = confusion_matrix(ignored, np.ones((2, 3), dtype=np.uint8), 3)
    assert matrix.sum() == 0
    for score in (miou, cls_acc, glo_acc, foreground_iou):
        assert math.isnan(score(matrix))
    assert math.isnan(foreground_iou(np.array([[5, 0], [0, 0]])))


def test_collapse_by_hand() -> None:
    found = collapse(MATRIX, np.array([0, 1, 1, 2], dtype=np.uint8), 3)
    assert found.tolist() == [[3, 1, 0], [2, 4, 0], [0, 0, 0]]


def test_views_equal_a_second_pass_over_the_labels() -> None:
    rng = np.random.default_rng(0)
    taxonomy = A2D.restrict(
        [("ball", "flying"), ("bird", "flying"), ("bird", "walking"), ("dog", "running")]
    )
    truth = rng.integers(0, 5, (3, 10, 12)).astype(np.uint8)
    predicted = np.where(rng.random(truth.shape) < 0.6, truth, rng.integers(0, 5, truth.shape))
    predicted = predicted.astype(np.uint8)
    truth[:, 0] = 255
    scores = scores_in_views(confusion_matrix(truth, predicted, 5), taxonomy)
    for view in ("actor", "action"):
        matrix = confusion_matrix(
            taxonomy.view(truth, view),
            taxonomy.view(predicted, view),
            len(taxonomy.names(view)),
        )
        assert getattr(scores, f"miou_{view}") == pytest.approx(miou(matrix))
        assert getattr(scores, f"cls_acc_{view}") == pytest.approx(cls_acc(matrix))
        assert getattr(scores, f"glo_acc_{view}") == pytest.approx(glo_acc(matrix))
    assert scores.miou_actor > scores.miou_actor_action


def test_views_by_hand() -> None:
    taxonomy = taxonomy_of([("bird", "flying"), ("bird", "walking"), ("dog", "walking")])
    assert [tag[0] for tag in taxonomy.pairs] == ["bird", "bird", "dog"]
    scores = scores_in_views(MATRIX, taxonomy)
    # actors: background 3/6, bird 4/7, no dog; actions: background 3/6, flying 2/5, walking 1/3
    assert scores.miou_actor == pytest.approx((50 + 400 / 7) / 2)
    assert scores.miou_action == pytest.approx((50 + 40 + 100 / 3) / 3)
    assert scores.glo_acc_actor == pytest.approx(70)
    assert scores.cls_acc_actor == pytest.approx((75 + 400 / 6) / 2)
    assert scores.iou_foreground == pytest.approx(400 / 7)
    assert scores.glo_acc == pytest.approx(60)


def test_refuses() -> None:
    with pytest.raises(ValueError, match="one shape"):
        confusion_matrix(TRUTH, PREDICTED[:2], 4)
    with pytest.raises(ValueError, match="below 2 or 255, received 2"):
        confusion_matrix(TRUTH, PREDICTED, 2)
    with pytest.raises(ValueError, match="each of 4 labels, received 3"):
        collapse(MATRIX, np.zeros(3, dtype=np.uint8), 1)
    with pytest.raises(ValueError, match=r"2 x 2, received shape \(4, 4\)"):
        scores_in_views(MATRIX, taxonomy_of([("dog", "running")]))
