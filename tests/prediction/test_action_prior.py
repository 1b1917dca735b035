from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import log_softmax

from pipeline.prediction.action_prior import ActionPriorParams, add_action_maps, prefer_action
from pipeline.prediction.answer import Answer
from pipeline.prediction.read_evidence import Evidence
from tests.tiny import TAXONOMY, write_cues, write_frames, write_maps, write_superpixels


def test_one_label_gains_the_weight_where_its_map_is_one() -> None:
    margin = np.array([[[-1.0, 0.5, 2.0]]], np.float32)
    answer = Answer(margin, np.full((1, 1, 3), 3, np.uint8))
    maps = np.array([[[[1.0, 0.0, 0.5]]]], np.float32)
    found = add_action_maps(answer, [3], maps, 2.0)
    assert found.margin.tolist() == [[[1.0, 0.5, 3.0]]]
    assert (found.best == 3).all() and found.margin.dtype == np.float32


def test_several_labels_as_if_their_logits_had_been_so() -> None:
    # A network whose foreground is these labels alone: its answer to logits z + w m.
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (2, 4, 5, 6))  # label 0 and three others
    maps = rng.random((2, 3, 5, 6)).astype(np.float32)
    labels = [2, 5, 7]

    def answer(z: np.ndarray) -> Answer:
        foreground = np.log(np.exp(z[:, 1:]).sum(axis=1))
        best = np.array(labels, np.uint8)[z[:, 1:].argmax(axis=1)]
        margin, classes = foreground - z[:, 0], z[:, 1:]
        return Answer(margin.astype(np.float32), best, classes.astype(np.float32))

    moved = logits.copy()
    moved[:, 1:] += 1.5 * maps
    found, expected = add_action_maps(answer(logits), labels, maps, 1.5), answer(moved)
    assert found.margin == pytest.approx(expected.margin, abs=1e-5)
    assert np.array_equal(found.best, expected.best)
    assert (found.best != answer(logits).best).any()
    assert found.classes is not None and expected.classes is not None
    assert log_softmax(found.classes, axis=1) == pytest.approx(
        log_softmax(expected.classes, axis=1), abs=1e-5
    )


def test_what_does_not_fit_is_refused() -> None:
    answer = Answer(np.zeros((1, 2, 2), np.float32), np.ones((1, 2, 2), np.uint8))
    with pytest.raises(ValueError, match=r"expected maps \(1, 1, 2, 2\), received"):
        add_action_maps(answer, [1], np.zeros((1, 2, 2, 2), np.float32), 1.0)
    with pytest.raises(ValueError, match="with the logits of its labels"):
        add_action_maps(answer, [1, 2], np.zeros((1, 2, 2, 2), np.float32), 1.0)


def test_a_video_has_the_maps_of_its_tags(tmp_path: Path) -> None:
    frames = write_frames(tmp_path / "frames")
    regions = write_superpixels(tmp_path / "superpixels", frames)
    walking = TAXONOMY.pairs[2][1]
    write_maps(tmp_path / "cues/action", {"b": {walking: {1: np.ones((2, 2)), 3: np.eye(2)}}})
    cues = write_cues(tmp_path / "cues", "action")
    answer = Answer(np.zeros((2, 32, 40), np.float32), np.full((2, 32, 40), 3, np.uint8))
    params = ActionPriorParams(weight=2.0)
    found = prefer_action(answer, Evidence(frames, "b", [1, 3], regions, cues), params)
    assert (found.margin[0] == 2).all() and found.margin[1, 0, 0] == 2
    assert found.margin[1, 0, -1] == 0
    # without a map, and where nobody knows the tags, the network stands alone
    for other in (
        Evidence(frames, "e", [1, 3], regions, cues),
        Evidence(frames, "b", [1, 3], regions, cues, tags_known=False),
        Evidence(frames, "b", [1, 3], regions),
    ):
        assert prefer_action(answer, other, params) is answer
