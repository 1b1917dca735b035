import numpy as np
import pytest

from pipeline.refinement.area_anchor import MarginBins, margin_histogram, shift_for_share

BINS = MarginBins(low=-2, high=2, count=4)  # (-2, -1] (-1, 0] (0, 1] (1, 2]


def test_histogram_by_hand() -> None:
    margin = np.array([[-9.0, -1.5, -1.0], [-0.2, 0.0, 0.1], [1.0, 1.5, np.inf]])
    assert margin_histogram(margin, BINS).tolist() == [3, 2, 2, 2]


def test_shift_by_hand() -> None:
    histogram = np.array([2, 4, 4, 0])
    assert shift_for_share(histogram, BINS, 0.4) == pytest.approx(0.0)  # the four above 0
    assert shift_for_share(histogram, BINS, 0.8) == pytest.approx(-1.0)
    assert shift_for_share(histogram, BINS, 0.6) == pytest.approx(-0.5)  # half of the second bin
    assert shift_for_share(histogram, BINS, 0.1) == pytest.approx(0.75)
    assert shift_for_share(histogram, BINS, 1.0) == -2.0
    assert shift_for_share(histogram, BINS, 0.0) == 1.0


def test_gap_takes_its_lower_end() -> None:
    assert shift_for_share(np.array([5, 0, 0, 5]), BINS, 0.5) == -1.0


def test_streamed_shift_gives_the_share() -> None:
    rng = np.random.default_rng(5)
    bins = MarginBins()
    frames = [rng.normal(-3 + i, 2 + i, (40, 50)).astype(np.float32) for i in range(4)]
    histogram = np.sum([margin_histogram(frame, bins) for frame in frames], axis=0)
    margins = np.stack(frames)
    for share in (0.05, 0.12, 0.5):
        shift = shift_for_share(histogram, bins, share)
        assert (margins > shift).mean() == pytest.approx(share, abs=0.002)
        assert shift == pytest.approx(np.quantile(margins, 1 - share), abs=bins.width)


def test_refuses() -> None:
    with pytest.raises(ValueError, match="NaN"):
        margin_histogram(np.array([0.0, np.nan]), BINS)
    with pytest.raises(ValueError, match="received none"):
        shift_for_share(np.zeros(4, dtype=np.int64), BINS, 0.5)
    with pytest.raises(ValueError, match=r"\[0, 1\], received 1\.1"):
        shift_for_share(np.ones(4, dtype=np.int64), BINS, 1.1)
    with pytest.raises(ValueError, match="4 bins"):
        shift_for_share(np.ones(3, dtype=np.int64), BINS, 0.5)
