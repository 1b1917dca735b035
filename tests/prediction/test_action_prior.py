from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import log_softmax

from pipeline.networks.inference import Segmentation
from pipeline.prediction.action_prior import action_maps, add_action_maps
from tests.tiny import TAXONOMY, write_frames, write_maps


def test_one_label_gains_the_weight_where_its_map_is_one() -> None:
    margin = np.array([[[-1.0, 0.5, 2.0]]], np.float32)
    answer = Segmentation(margin, np.full((1, 1, 3), 3, np.uint8))
    maps = np.array([[[[1.0, 0.0, 0.5]]]], np.float32)
    found = add_action_maps(answer, [3], maps, 2.0)
    assert found.margin.tolist() == [[[1.0, 0.5, 3.0]]]
    assert (found.labels == 3).all() and found.margin.dtype == np.float32


def test_several_labels_as_if_their_logits_had_been_so() -> None:
    # A network whose foreground is these labels alone: its answer to logits z + w m.
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (2, 4, 5, 6))  # label 0 and three others
    maps = rng.random((2, 3, 5, 6)).astype(np.float32)
    labels = [2, 5, 7]

    def answer(z: np.ndarray) -> Segmentation:
        foreground = np.log(np.exp(z[:, 1:]).sum(axis=1))
        best = np.array(labels, np.uint8)[z[:, 1:].argmax(axis=1)]
        margin, classes = foreground - z[:, 0], z[:, 1:]
        return Segmentation(margin.astype(np.float32), best, classes.astype(np.float32))

    moved = logits.copy()
    moved[:, 1:] += 1.5 * maps
    found, expected = add_action_maps(answer(logits), labels, maps, 1.5), answer(moved)
    assert found.margin == pytest.approx(expected.margin, abs=1e-5)
    assert np.array_equal(found.labels, expected.labels)
    assert (found.labels != answer(logits).labels).any()
    assert found.classes is not None and expected.classes is not None
    assert log_softmax(found.classes, axis=1) == pytest.approx(
        log_softmax(expected.classes, axis=1), abs=1e-5
    )


def test_what_does_not_fit_is_refused() -> None:
    answer = Segmentation(np.zeros((1, 2, 2), np.float32), np.ones((1, 2, 2), np.uint8))
    with pytest.raises(ValueError, match=r"expected maps \(1, 1, 2, 2\), received"):
        add_action_maps(answer, [1], np.zeros((1, 2, 2, 2), np.float32), 1.0)
    with pytest.raises(ValueError, match="with the logits of its labels"):
        add_action_maps(answer, [1, 2], np.zeros((1, 2, 2, 2), np.float32), 1.0)


def test_each_label_has_the_map_of_its_action(tmp_path: Path) -> None:
    frames = write_frames(tmp_path / "frames")
    (_, flying), (_, walking), _ = TAXONOMY.pairs
    low, high = np.full((2, 2), 0.25), np.eye(2)
    maps = write_maps(tmp_path / "maps", {"a": {walking: {1: high, 3: low}}})
    found = action_maps(maps, frames, "a", [3, 1], [1, 2])
    assert flying != walking and found is not None and found.shape == (2, 2, 32, 40)
    assert not found[:, 0].any()
    assert (found[0, 1] == 1).all()  # each map is scaled by its maximum
    assert found[1, 1, 0, 0] == found[1, 1, -1, -1] == 1 and found[1, 1, 0, -1] == 0
    assert action_maps(maps, frames, "b", [1], [3]) is None
