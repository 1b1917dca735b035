"""Area anchor: predictions keep a set area from version to version (ours).

Class activation maps cover too much, a network learns that from them, and no criterion without
ground truth penalises it. So a bias on the background logit is calibrated for every trained
segmenter, with which the predicted foreground has a set share of the training set's pixels: a
fraction of the share in PA.v0.

A pixel's foreground margin is m = log(P_foreground / P_background), of which
:class:`pipeline.networks.inference.Decoding` says what P_foreground is; adding b to the background
logit turns "foreground where m > 0" into "foreground where m > b". Frames are streamed: each gives
a histogram of its margins, and their sum gives b.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field

from pipeline.prediction.answer import Answer
from pipeline.prediction.correction import Correction
from pipeline.runtime.params import Params

if TYPE_CHECKING:
    from pipeline.prediction.read_evidence import Evidence

Counts = npt.NDArray[np.int64]


class AnchorParams(Params):
    """Area anchor.

    Attributes:
        ratio: predicted foreground share of a version, as a multiple of PA.v0's share.
        frames: number of training frames, drawn at random, that the share is measured on.
    """

    ratio: float = Field(default=0.9, gt=0)
    frames: int = Field(default=400, ge=1)


class BackgroundBias(NamedTuple):
    """The calibrated biases of a trained segmenter's background logit.

    Attributes:
        with_tags: for predictions that know a video's tags, which get every correction.
        without_tags: for predictions without tags, which skip the corrections that need them.
    """

    with_tags: float = 0.0
    without_tags: float = 0.0


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


BINS = MarginBins()


def margin_histogram(margin: npt.NDArray[np.floating[Any]], bins: MarginBins = BINS) -> Counts:
    """Histogram of foreground margins.

    Args:
        margin: log(P_foreground / P_background), any shape, infinities allowed.
        bins: the bins. Each is open below and closed above, so that the pixels in the bins above
            an edge are exactly those with margin > edge.

    Raises:
        ValueError: the margin holds NaN.
    """
    if np.isnan(margin).any():
        raise ValueError("expected foreground margins, received NaN")
    place = np.ceil((margin.ravel().astype(np.float64) - bins.low) / bins.width) - 1
    index = np.clip(place, 0, bins.count - 1).astype(np.int64)
    return np.bincount(index, minlength=bins.count).astype(np.int64)


def no_histogram() -> Counts:
    """:func:`margin_histogram` of no pixel, to add others to."""
    return np.zeros(BINS.count, np.int64)


def bias_for_share(histogram: Counts, share: float, bins: MarginBins = BINS) -> float:
    """Bias of the background logit with which the foreground has the given share of all pixels.

    Args:
        histogram: of the margins of all pixels.
        share: wanted share of pixels with margin > bias, in [0, 1].
        bins: its bins.

    Returns:
        The bias, in units of the logits; positive makes less foreground. Inside a bin the pixels
        are taken as evenly spread. Where a range of biases gives the share, its lower end.

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
    # First edge with at least `target` pixels at or below it; the bin before it holds the bias.
    edge = int(np.searchsorted(below, target, side="left"))
    if edge == 0:
        return bins.low
    inside = (target - below[edge - 1]) / (below[edge] - below[edge - 1])
    return float(bins.low + bins.width * (edge - 1 + inside))


def anchored_bias(histogram: Counts, params: AnchorParams, initial_share: float) -> float:
    """The bias that keeps the area; a share above 1 counts as 1.

    Args:
        histogram: of the margins of all pixels, of the default bins.
        params: the multiple.
        initial_share: foreground share of PA.v0, in [0, 1].
    """
    return bias_for_share(histogram, min(params.ratio * initial_share, 1.0))


def keep_area(answer: Answer, evidence: Evidence, params: AnchorParams) -> Answer:
    """The answer with the calibrated bias of its segmenter."""
    return answer.with_background_bias(evidence.background_bias)


AREA_ANCHOR = Correction(AnchorParams, keep_area, calibrated=True)
