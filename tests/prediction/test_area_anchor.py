from __future__ import annotations

import numpy as np
import pytest

from pipeline.prediction.area_anchor import (
    AnchorParams,
    MarginBins,
    anchored_bias,
    bias_for_share,
    margin_histogram,
    no_histogram,
)

BINS = MarginBins(low=-2, high=2, count=4)  # (-2, -1] (-1, 0] (0, 1] (1, 2]


def test_histogram_by_hand() -> None:
    margin = np.array([[-9.0, -1.5, -1.0], [-0.2, 0.0, 0.1], [1.0, 1.5, np.inf]])
    assert margin_histogram(margin, BINS).tolist() == [3, 2, 2, 2]
    assert no_histogram().shape == margin_histogram(margin).shape and not no_histogram().any()


def test_bias_by_hand() -> None:
    histogram = np.array([2, 4, 4, 0])
    assert bias_for_share(histogram, 0.4, BINS) == pytest.approx(0.0)  # the four above 0
    assert bias_for_share(histogram, 0.8, BINS) == pytest.approx(-1.0)
    assert bias_for_share(histogram, 0.6, BINS) == pytest.approx(-0.5)  # half of the second bin
    assert bias_for_share(histogram, 0.1, BINS) == pytest.approx(0.75)
    assert bias_for_share(histogram, 1.0, BINS) == -2.0
    assert bias_for_share(histogram, 0.0, BINS) == 1.0


def test_gap_takes_its_lower_end() -> None:
    assert bias_for_share(np.array([5, 0, 0, 5]), 0.5, BINS) == -1.0


def test_streamed_bias_gives_the_share() -> None:
    rng = np.random.default_rng(5)
    bins = MarginBins()
    frames = [rng.normal(-3 + i, 2 + i, (40, 50)).astype(np.float32) for i in range(4)]
    histogram = np.sum([margin_histogram(frame, bins) for frame in frames], axis=0)
    margins = np.stack(frames)
    for share in (0.05, 0.12, 0.5):
        bias = bias_for_share(histogram, share, bins)
        assert (margins > bias).mean() == pytest.approx(share, abs=0.002)
        assert bias == pytest.approx(np.quantile(margins, 1 - share), abs=bins.width)


def test_the_area_is_a_multiple_of_the_first_one() -> None:
    margin = np.linspace(-4, 4, 8001)
    histogram = margin_histogram(margin)
    for ratio, share in ((0.5, 0.1), (2.0, 0.4)):
        bias = anchored_bias(histogram, AnchorParams(ratio=ratio), 0.2)
        assert (margin > bias).mean() == pytest.approx(share, abs=1e-3)
    everything = anchored_bias(histogram, AnchorParams(ratio=9), 0.2)
    assert (margin > everything).all()


def test_refuses() -> None:
    with pytest.raises(ValueError, match="NaN"):
        margin_histogram(np.array([0.0, np.nan]), BINS)
    with pytest.raises(ValueError, match="received none"):
        bias_for_share(np.zeros(4, dtype=np.int64), 0.5, BINS)
    with pytest.raises(ValueError, match=r"\[0, 1\], received 1\.1"):
        bias_for_share(np.ones(4, dtype=np.int64), 1.1, BINS)
    with pytest.raises(ValueError, match="4 bins"):
        bias_for_share(np.ones(3, dtype=np.int64), 0.5, BINS)
