import numpy as np
import pytest

from pipeline.initial_pa.background import mark_background


def test_masks_and_saliency_by_hand() -> None:
    labels = np.array([[4, 4, 0, 0, 4, 0]], np.uint8)
    saliency = np.array([[0.5, 0.05, 0.05, 0.5, 0.12, 0.12]])
    # label, conflict, background, neither; 0.12 is not below 0.12
    assert mark_background(labels, saliency, 0.12).tolist() == [[4, 255, 0, 255, 4, 255]]


def test_pixels_that_are_ignored_already_stay_so() -> None:
    labels = np.array([[255, 255]], np.uint8)
    assert mark_background(labels, np.array([[0.9, 0.0]]), 0.12).tolist() == [[255, 255]]


def test_shapes() -> None:
    with pytest.raises(ValueError, match=r"received \(1, 2\) and \(2, 1\)"):
        mark_background(np.zeros((1, 2), np.uint8), np.zeros((2, 1)), 0.1)
