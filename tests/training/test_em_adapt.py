from __future__ import annotations

import numpy as np
import pytest

from pipeline.training.em_adapt import EmAdaptParams, em_adapt_labels

HALF = EmAdaptParams(foreground=0.4, background=0.5)


def test_shares_that_hold_change_nothing() -> None:
    logits = np.array([[[3.0, 3, 3, 0, 0]], [[0, 0, 0, 1, 1]], [[9, 9, 9, 9, 9]]])
    assert em_adapt_labels(logits, [1], HALF).tolist() == [[0, 0, 0, 1, 1]]


def test_the_nearest_pixels_make_up_what_is_missing_by_hand() -> None:
    # label 2 lacks 4, 1, 2, 5, 3 against the background: two of five pixels are the second, third
    logits = np.array([[[4.0, 1, 2, 5, 3]], [[9, 9, 9, 9, 9]], [[0, 0, 0, 0, 0]]])
    assert em_adapt_labels(logits, [2], HALF).tolist() == [[0, 2, 2, 0, 0]]
    # and the background, where the object takes all: half of five, rounded down, is two
    assert em_adapt_labels(-logits, [2], HALF).tolist() == [[2, 0, 0, 2, 2]]


def test_every_label_gets_its_share_on_random_scores() -> None:
    rng = np.random.default_rng(5)
    params = EmAdaptParams()
    for _ in range(20):
        logits = rng.normal(size=(6, 9, 11)) + rng.normal(0, 4, (6, 1, 1))
        found = em_adapt_labels(logits, [2, 5], params)
        area = np.bincount(found.ravel(), minlength=6) / found.size
        assert area[[1, 3, 4]].sum() == 0
        assert area[0] >= 0.4 - 1 / 99 and min(area[[2, 5]]) >= 0.2 - 1 / 99


def test_more_tags_than_the_image_can_hold_share_it() -> None:
    rng = np.random.default_rng(6)
    logits = rng.normal(size=(6, 10, 24))  # 0.4 + 5 0.2 = 1.4: 68.6 and 34.3 of 240 pixels
    area = np.bincount(em_adapt_labels(logits, [1, 2, 3, 4, 5], EmAdaptParams()).ravel())
    assert area[0] >= 66 and min(area[1:]) >= 32


def test_equal_scores_end() -> None:
    found = em_adapt_labels(np.zeros((2, 3, 4)), [1], EmAdaptParams())
    assert set(found.ravel().tolist()) <= {0, 1}


@pytest.mark.parametrize("labels", [[1], [1, 2]])
def test_nothing_is_asked_of_a_share_of_zero(labels: list[int]) -> None:
    logits = np.array([[[5.0, 5]], [[0, 0]], [[0, 0]]])
    free = EmAdaptParams(foreground=0, background=0)
    assert em_adapt_labels(logits, labels, free).tolist() == [[0, 0]]
