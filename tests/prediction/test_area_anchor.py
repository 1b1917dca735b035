from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from pipeline.networks.inference import Segmentation
from pipeline.prediction.area_anchor import (
    AnchorParams,
    MarginBins,
    anchored_shifts,
    margin_histograms,
    shift_for_share,
)
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params

BINS = MarginBins(low=-2, high=2, count=4)  # (-2, -1] (-1, 0] (0, 1] (1, 2]


def test_histogram_by_hand() -> None:
    margin = np.array([[-9.0, -1.5, -1.0], [-0.2, 0.0, 0.1], [1.0, 1.5, np.inf]])
    labels = np.array([[1, 1, 2], [2, 1, 2], [2, 2, 1]], np.uint8)
    found = margin_histograms(margin, labels, 4, BINS)
    assert found.tolist() == [[0, 0, 0, 0], [2, 1, 0, 1], [1, 1, 2, 1], [0, 0, 0, 0]]


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
    ones = np.ones((40, 50), np.uint8)
    histogram = np.sum([margin_histograms(frame, ones, 2, bins)[1] for frame in frames], axis=0)
    margins = np.stack(frames)
    for share in (0.05, 0.12, 0.5):
        shift = shift_for_share(histogram, bins, share)
        assert (margins > shift).mean() == pytest.approx(share, abs=0.002)
        assert shift == pytest.approx(np.quantile(margins, 1 - share), abs=bins.width)


def test_refuses() -> None:
    with pytest.raises(ValueError, match="NaN"):
        margin_histograms(np.array([0.0, np.nan]), np.zeros(2, np.uint8), 1, BINS)
    with pytest.raises(ValueError, match="received none"):
        shift_for_share(np.zeros(4, dtype=np.int64), BINS, 0.5)
    with pytest.raises(ValueError, match=r"\[0, 1\], received 1\.1"):
        shift_for_share(np.ones(4, dtype=np.int64), BINS, 1.1)
    with pytest.raises(ValueError, match="4 bins"):
        shift_for_share(np.ones(3, dtype=np.int64), BINS, 0.5)


def answers() -> list[Segmentation]:
    """Two frames of 60 x 80: labels 1 and 3, the second of which the network likes more."""
    rng = np.random.default_rng(3)
    labels = np.where(rng.random((2, 1, 60, 80)) < 0.5, 1, 3).astype(np.uint8)
    margins = rng.normal(labels - 2.5, 1.5).astype(np.float32)
    return [Segmentation(m, own) for m, own in zip(margins, labels, strict=True)]


def histograms() -> npt.NDArray[np.int64]:
    parts = [margin_histograms(a.margin, a.labels, 4) for a in answers()]
    return np.asarray(np.sum(parts, axis=0))


def test_classes_have_their_shares_of_the_area_that_the_anchor_holds() -> None:
    counts = np.array([900, 30, 0, 10])  # of the foreground three quarters are of label 1
    both = np.concatenate([a.label_map().ravel() for a in answers()])
    for ratio in (None, 0.5):
        anchor = AnchorParams(ratio=ratio, by_class=True)
        shifts = anchored_shifts(histograms(), counts, anchor, 0.4)
        held = np.concatenate([a.label_map(shifts).ravel() for a in answers()])
        area = (both > 0).mean() if ratio is None else ratio * 0.4
        for label, share in ((1, 0.75), (3, 0.25)):
            assert (held == label).mean() == pytest.approx(share * area, abs=0.003)
        assert shifts[1] < shifts[3] and shifts[0] == shifts[2]


def test_a_class_without_pixels_before_has_none_after() -> None:
    anchor = AnchorParams(ratio=None, by_class=True)
    shifts = anchored_shifts(histograms(), np.array([5, 7, 0, 0]), anchor, 0.4)
    assert not any((a.label_map(shifts) == 3).any() for a in answers())


def test_nothing_before_holds_no_class() -> None:
    anchor = AnchorParams(ratio=None, by_class=True)
    assert not anchored_shifts(histograms(), np.array([9, 0, 0, 0]), anchor, 0.4).any()


def test_an_anchor_that_holds_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="holds nothing; set the anchor to null"):
        parse_params(AnchorParams, {"ratio": None}, "train_segmenter.anchor")
