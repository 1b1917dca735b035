from __future__ import annotations

import math

import numpy as np
import pytest

from pipeline.evaluation.jaccard import by_sequence, jaccard, mean_jaccard


def row(*labels: int) -> np.ndarray:
    return np.array([labels], np.uint8)


def test_jaccard_by_hand() -> None:
    # object in pixels 2, 3, 4 (5 does not count), found in 1, 2, 3 whatever the label: 2 of 4
    assert jaccard(row(0, 0, 1, 1, 3, 255), row(0, 2, 2, 1, 0, 7)) == pytest.approx(50)
    # 255 in the prediction is no foreground: 1 of 3
    assert jaccard(row(1, 1, 1, 0), row(1, 255, 0, 255)) == pytest.approx(100 / 3)


def test_nothing_there() -> None:
    assert jaccard(row(0, 0, 255), row(0, 255, 1)) == 100
    assert jaccard(row(0, 0), row(0, 1)) == 0
    assert jaccard(row(0, 1), row(0, 0)) == 0


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="one shape"):
        jaccard(row(0, 1), row(0, 1, 1))


def test_each_sequence_counts_alike_however_many_frames_it_has() -> None:
    frames = {"a": [10.0, 30.0, 50.0], "b": [90.0], "c": []}
    assert mean_jaccard(frames) == pytest.approx(60)  # not 45, the mean of the frames
    assert by_sequence(frames) == pytest.approx({"a": 30, "b": 90})
    assert math.isnan(mean_jaccard({}))
