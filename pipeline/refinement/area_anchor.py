"""Area anchor: keeps pseudo-annotations from growing from version to version (ours).

Class activation maps cover too much, clean labels teach that faithfully, and no criterion without
ground truth objects to it. So a version's background logit is shifted until the predicted
foreground has a set share of the training set's pixels (a fraction of the share in PA.v0).

A pixel's foreground margin is m = log(P_foreground / P_background), where P_foreground is the mass
of all classes but the background; adding s to the background logit turns "foreground where m > 0"
into "foreground where m > s". Frames are streamed: each gives a histogram of its margins, the sum
of which gives s.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from pipeline.runtime.params import Params


class AnchorParams(Params):
    """The area anchor.

    Attributes:
        ratio: predicted foreground share of a version, as a multiple of PA.v0's share.
        frames: number of training frames, drawn at random, that the share is measured on.
    """

    ratio: float = Field(default=0.9, gt=0)
    frames: int = Field(default=400, ge=1)


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


def margin_histogram(
    margin: npt.NDArray[np.floating[Any]], bins: MarginBins
) -> npt.NDArray[np.int64]:
    """Histogram of one frame's foreground margins.

    Args:
        margin: log(P_foreground / P_background), any shape, infinities allowed.
        bins: the bins. Each is open below and closed above, so that the pixels in the bins above
            an edge are exactly those with margin > edge.

    Returns:
        Counts, one for each bin.

    Raises:
        ValueError: the margin holds NaN.
    """
    if np.isnan(margin).any():
        raise ValueError("expected foreground margins, received NaN")
    place = np.ceil((margin.ravel().astype(np.float64) - bins.low) / bins.width) - 1
    index = np.clip(place, 0, bins.count - 1).astype(np.int64)
    return np.bincount(index, minlength=bins.count).astype(np.int64)


def shift_for_share(histogram: npt.NDArray[np.int64], bins: MarginBins, share: float) -> float:
    """Shift of the background logit with which the foreground has the given share of all pixels.

    Args:
        histogram: sum of ``margin_histogram`` over the training frames.
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


def shift_of_area(
    margins: Iterable[npt.NDArray[np.floating[Any]]], anchor: AnchorParams, initial_share: float
) -> float:
    """Shift of the background logit that gives the foreground the anchor's share of all pixels.

    Args:
        margins: of each frame or video, any shape, one after the other.
        anchor: which multiple of ``initial_share``; more than all pixels is all of them.
        initial_share: foreground share of PA.v0, in [0, 1].
    """
    bins = MarginBins()
    histogram = np.zeros(bins.count, np.int64)
    for margin in margins:
        histogram += margin_histogram(margin, bins)
    return shift_for_share(histogram, bins, min(anchor.ratio * initial_share, 1.0))
