"""Anchors: what pseudo-annotations keep of their areas from version to version (ours).

Class activation maps cover too much, clean labels teach that faithfully, and no criterion without
ground truth objects to it. So a version's background logit is shifted until the predicted
foreground has a set share of the training set's pixels (a fraction of the share in PA.v0).

And classes that a network knows well grow at the cost of the others, of which it is unsure and
answers background: each version leaves less of these for the next one to learn. So the background
logit is shifted for each class on its own until the class has the share of the foreground that it
had in the version before.

A pixel's foreground margin is m = log(P_foreground / P_background), of which
:class:`pipeline.networks.inference.Reading` says what P_foreground is; adding s to the
background logit turns "foreground where m > 0" into "foreground where m > s". Frames are streamed:
each gives a histogram of its margins by the label that its pixels would have, and the sum of these
gives s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from pipeline.runtime.params import Params

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


class AnchorParams(Params):
    """What is held.

    Attributes:
        ratio: predicted foreground share of a version, as a multiple of PA.v0's share; null for
            what the network answers.
        by_class: whether each class keeps its share of the foreground from version to version.
        frames: number of training frames, drawn at random, that shares are measured on.
    """

    ratio: float | None = Field(default=0.9, gt=0)
    by_class: bool = False
    frames: int = Field(default=400, ge=1)

    @model_validator(mode="after")
    def _something_is_held(self) -> AnchorParams:
        if self.ratio is None and not self.by_class:
            raise ValueError("ratio null without by_class holds nothing; set the anchor to null")
        return self


@dataclass(frozen=True)
class MarginBins:
    """Equal bins over ``(low, high]``; margins outside count in the first or the last bin.

    The default range is where a probability of float32 still differs from 0 and 1, and its bins
    are 1/64 wide.
    """

    low: float = -32.0
    high: float = 32.0
    count: int = 4096

    @property
    def width(self) -> float:
        """Width of one bin."""
        return (self.high - self.low) / self.count


_BINS = MarginBins()


def margin_histograms(
    margin: npt.NDArray[np.floating[Any]],
    labels: npt.NDArray[np.uint8],
    num_labels: int,
    bins: MarginBins = _BINS,
) -> Counts:
    """Histograms of foreground margins, one for the pixels of each label.

    Args:
        margin: log(P_foreground / P_background), any shape, infinities allowed.
        labels: of the same pixels, below ``num_labels``: what each is if it is foreground.
        num_labels: K.
        bins: the bins. Each is open below and closed above, so that the pixels in the bins above
            an edge are exactly those with margin > edge.

    Returns:
        Counts, K rows, a column for each bin.

    Raises:
        ValueError: the margin holds NaN.
    """
    if np.isnan(margin).any():
        raise ValueError("expected foreground margins, received NaN")
    place = np.ceil((margin.ravel().astype(np.float64) - bins.low) / bins.width) - 1
    index = np.clip(place, 0, bins.count - 1).astype(np.int64)
    index += labels.ravel().astype(np.int64) * bins.count
    counts = np.bincount(index, minlength=num_labels * bins.count)
    return counts.reshape(num_labels, bins.count).astype(np.int64)


def no_histograms(num_labels: int) -> Counts:
    """:func:`margin_histograms` of no pixel, to add others to; of the default bins."""
    return np.zeros((num_labels, _BINS.count), np.int64)


def shift_for_share(histogram: Counts, bins: MarginBins, share: float) -> float:
    """Shift of the background logit with which the foreground has the given share of all pixels.

    Args:
        histogram: of the margins of all pixels.
        bins: its bins.
        share: wanted share of pixels with margin > shift, in [0, 1].

    Returns:
        The shift, in units of the logits; positive makes less foreground. Inside a bin the pixels
        are taken as evenly spread. Where the share is met by a whole gap, the gap's lower end.

    Raises:
        ValueError: a share outside [0, 1], a histogram of another length or without pixels.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"expected a share in [0, 1], received {share}")
    if histogram.shape != (bins.count,):
        raise ValueError(f"expected a histogram of {bins.count} bins, received {histogram.shape}")
    below = np.concatenate([[0], np.cumsum(histogram)])  # pixels at or below each edge
    total = float(below[-1])
    if total == 0:
        raise ValueError("expected a histogram with pixels, received none")
    target = min(max(total * (1 - share), 0.0), total)
    # First edge with at least `target` pixels at or below it; the bin before it holds the shift.
    edge = int(np.searchsorted(below, target, side="left"))
    if edge == 0:
        return bins.low
    inside = (target - below[edge - 1]) / (below[edge] - below[edge - 1])
    return float(bins.low + bins.width * (edge - 1 + inside))


def anchored_shifts(
    histograms: Counts, counts: Counts, anchor: AnchorParams, initial_share: float
) -> Floats:
    """Shifts of the background logit, one for the pixels of each label, that hold what is held.

    Args:
        histograms: of the margins of all pixels by label, K rows, see :func:`margin_histograms`;
            of the default bins.
        counts: K, pixels of each label in the version before, on these very frames; that of the
            background (label 0) does not matter.
        anchor: what is held; more than all pixels is all of them.
        initial_share: foreground share of PA.v0, in [0, 1].

    Returns:
        K shifts, all the same unless classes are held. A label without any pixel to shift has the
        one of them all.
    """
    bins = _BINS
    pixels, shift = histograms.sum(axis=0), 0.0
    if anchor.ratio is None:
        area = float(pixels[bins.count // 2 :].sum())  # margin > 0
    else:
        share = min(anchor.ratio * initial_share, 1.0)
        shift, area = shift_for_share(pixels, bins, share), share * float(pixels.sum())
    shifts = np.full(len(counts), shift)
    known = counts[1:].sum()
    if anchor.by_class and known:
        for label in (np.flatnonzero(histograms[1:].any(axis=1)) + 1).tolist():
            own = histograms[label]
            wanted = area * counts[label] / known
            shifts[label] = shift_for_share(own, bins, min(wanted / own.sum(), 1.0))
    return shifts
