from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import brentq
from scipy.special import expit

from pipeline.networks.inference import Segmentation
from pipeline.prediction.tag_anchor import anchor_tags, offsets_for_shares, tag_shares


def test_shares_by_hand() -> None:
    labels = np.array([[[0, 2, 2, 5], [2, 2, 5, 7]]], np.uint8)
    # four pixels of 2, two of 5, none of 3, and one more for each; 7 is no tag
    assert tag_shares(labels, [2, 3, 5]) == pytest.approx([5 / 9, 1 / 9, 3 / 9])


def test_one_answer_takes_the_shares_themselves() -> None:
    # odds of 3 : 1 everywhere become 1 : 4
    logits = np.tile([np.log(3), 0.0], (5, 1))
    offsets = offsets_for_shares(logits, np.arange(5.0), np.array([0.2, 0.8]))
    assert offsets[1] - offsets[0] == pytest.approx(np.log(12), abs=1e-3)


def test_two_classes_as_a_root_finder_finds_them() -> None:
    rng = np.random.default_rng(0)
    logits, mass = rng.normal(0, 2, (300, 2)), rng.random(300)
    margin = logits[:, 0] - logits[:, 1]
    for share in (0.1, 0.5, 0.97):
        found = offsets_for_shares(logits, mass, np.array([share, 1 - share]))
        root = brentq(lambda d, s=share: mass @ expit(margin + d) / mass.sum() - s, -20, 20)
        assert found[0] - found[1] == pytest.approx(root, abs=0.01)


def test_three_classes_have_their_shares() -> None:
    rng = np.random.default_rng(1)
    logits, mass, shares = rng.normal(0, 3, (400, 3)), rng.random(400), np.array([0.6, 0.3, 0.1])
    moved = np.exp(logits + offsets_for_shares(logits, mass, shares))
    means = mass @ (moved / moved.sum(1, keepdims=True)) / mass.sum()
    assert means == pytest.approx(shares, abs=2e-4)


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="expected logits N A"):
        offsets_for_shares(np.zeros((3, 2)), np.ones(4), np.array([0.5, 0.5]))
    with pytest.raises(ValueError, match="positive shares"):
        offsets_for_shares(np.zeros((3, 2)), np.ones(3), np.array([1.0, 0.0]))


def two_halves() -> Segmentation:
    """Two frames of foreground, 8 x 8: label 4 is ahead, by 2 on the left and by 1 on the right."""
    ahead = np.repeat([2.0, 1.0], 4)[None, None, :] * np.ones((2, 8, 1))
    classes = np.stack([ahead, np.zeros_like(ahead)], axis=1).astype(np.float32)
    return Segmentation(
        np.full((2, 8, 8), 3.0, np.float32), np.full((2, 8, 8), 4, np.uint8), classes
    )


def labelled(share: float) -> npt.NDArray[np.uint8]:
    """Labels of which ``share`` are 4 and the others 9."""
    return np.where(np.arange(100_000) < share * 100_000, 4, 9).astype(np.uint8)


def test_each_tag_gets_the_place_that_speaks_for_it_most() -> None:
    # s(2 - d) + s(1 - d) = 1 at d = 1.5: the left stays ahead by 0.5, the right falls behind by it
    found = anchor_tags(two_halves(), [4, 9], labelled(0.5))
    assert (found.labels[:, :, :4] == 4).all() and (found.labels[:, :, 4:] == 9).all()
    assert np.array_equal(found.margin, two_halves().margin)
    # shares as they are change nothing
    held = (expit(2) + expit(1)) / 2
    assert (anchor_tags(two_halves(), [4, 9], labelled(held)).labels == 4).all()


def test_what_is_hardly_foreground_hardly_counts() -> None:
    before = labelled(0.4)
    # s(2 - d) + s(1 - d) = 0.8 at d = 1.9: the left stays ahead
    assert (anchor_tags(two_halves(), [4, 9], before).labels[:, :, :4] == 4).all()
    answer = two_halves()
    answer.margin[:, :, 4:] = -20
    # of the left alone s(2 - d) = 0.4 at d = 2 + log(1.5) = 2.4: it falls behind
    assert (anchor_tags(answer, [4, 9], before).labels[:, :, :4] == 9).all()


def test_an_answer_without_logits_is_refused() -> None:
    answer = Segmentation(np.zeros((1, 4, 4), np.float32), np.zeros((1, 4, 4), np.uint8))
    with pytest.raises(ValueError, match="with the logits"):
        anchor_tags(answer, [1, 2], np.ones((1, 4, 4), np.uint8))
