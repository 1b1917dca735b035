from __future__ import annotations

import numpy as np
import pytest

from pipeline.networks.inference import Segmentation
from pipeline.prediction.answer import Answer

MARGIN = np.array([[[-0.5, 0.0, 0.1, 2.0]]], np.float32)
BEST = np.array([[[4, 4, 7, 7]]], np.uint8)


def test_foreground_is_where_the_margin_is_positive() -> None:
    answer = Answer.of(Segmentation(MARGIN, BEST))
    assert answer.labels().tolist() == [[[0, 0, 7, 7]]] and answer.labels().dtype == np.uint8
    odds = np.exp([-0.5, 0.0, 0.1, 2.0])
    assert answer.foreground_probs()[0, 0] == pytest.approx(odds / (1 + odds), abs=1e-6)
    never = Answer(np.full((1, 1, 1), -np.inf, np.float32), BEST[:, :, :1])
    assert never.foreground_probs().item() == 0 and not never.labels().any()


def test_a_background_bias_moves_the_border() -> None:
    answer = Answer(MARGIN, BEST)
    assert answer.with_background_bias(-1.0).labels().tolist() == [[[4, 4, 7, 7]]]
    assert answer.with_background_bias(0.5).labels().tolist() == [[[0, 0, 0, 7]]]
    odds = np.exp(np.array([-0.5, 0.0, 0.1, 2.0]) - 3)
    found = answer.with_background_bias(3.0).foreground_probs()
    assert found[0, 0] == pytest.approx(odds / (1 + odds), abs=1e-6)


def test_what_is_decided_stands() -> None:
    decided = Answer(MARGIN, BEST).decide(np.array([[[1, 2, 3, 255]]]))
    assert decided.labels().tolist() == [[[1, 2, 3, 255]]] and decided.labels().dtype == np.uint8
    assert decided.with_background_bias(9.0).labels().tolist() == [[[1, 2, 3, 255]]]


def test_probabilities_of_tags_by_hand() -> None:
    # two labels with the logits 1 and 0 share the foreground, whose odds are e
    classes = np.array([1.0, 0.0], np.float32).reshape(1, 2, 1, 1)
    answer = Answer(np.ones((1, 1, 1), np.float32), np.full((1, 1, 1), 5, np.uint8), classes)
    foreground = share = np.e / (1 + np.e)
    expected = [1 - foreground, foreground * share, foreground * (1 - share)]
    assert answer.probs()[0, :, 0, 0] == pytest.approx(expected, abs=1e-6)
    one = Answer(answer.margin, answer.best)
    assert one.probs()[0, :, 0, 0] == pytest.approx([1 - foreground, foreground], abs=1e-6)
    assert answer.without_logits().classes is None
