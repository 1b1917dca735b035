"""Refinement of masks and label maps by superpixels (WS2, Algorithm 2): each is a `bincount`."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from pipeline.datasets.taxonomy import BACKGROUND, IGNORE, is_foreground
from pipeline.runtime.params import Params

Overlap = Literal["superpixel", "iou"]


class RefineParams(Params):
    """Algorithm 2 of WS2.

    Attributes:
        alpha: a superpixel is kept if its overlap with the mask is above this.
        beta: and if its share of the frame's area is below this (larger ones are background).
        overlap: ``superpixel`` = |p AND M| / |p|, our reading; ``iou`` = |p AND M| / |p OR M|, as
            printed, which no superpixel much smaller than the mask can pass.
    """

    alpha: float = Field(default=0.5, ge=0, lt=1)
    beta: float = Field(default=0.4, gt=0, le=1)
    overlap: Overlap = "superpixel"


def refine_mask(
    mask: npt.NDArray[np.bool_],
    superpixels: npt.NDArray[np.int32],
    alpha: float = 0.5,
    beta: float = 0.4,
    overlap: Overlap = "superpixel",
) -> npt.NDArray[np.bool_]:
    """Replace a mask by the union of the superpixels that it covers (WS2, Algorithm 2).

    Args:
        mask: ``H W``, M_init.
        superpixels: ``H W``, numbers from 0.
        alpha: least overlap (exclusive).
        beta: largest share of the frame's area (exclusive).
        overlap: see ``RefineParams``.

    Returns:
        Mask ``H W``, M_refine.

    Raises:
        ValueError: the shapes differ.
    """
    return _kept(mask, superpixels, alpha, beta, overlap)[superpixels]


def refine_labels(
    labels: npt.NDArray[np.uint8],
    superpixels: npt.NDArray[np.int32],
    params: RefineParams,
    num_labels: int,
) -> npt.NDArray[np.uint8]:
    """Refine a label map by Algorithm 2.

    The foreground (any label) is refined as one mask, then every superpixel that was kept takes
    the label of most of its foreground pixels; on a tie, the lower label. So an object whose label
    changes inside a superpixel loses no area, as it would with one mask for each label.

    Args:
        labels: ``H W``: 0 background, 1..num_labels-1, 255 ignore. Ignore is not foreground, and
            stays where no superpixel is kept.
        superpixels: ``H W``, numbers from 0.
        params: alpha, beta and the overlap.
        num_labels: number of labels, the background included.

    Returns:
        Labels ``H W``.

    Raises:
        ValueError: the shapes differ, or a label is not below ``num_labels``.
    """
    foreground = is_foreground(labels)
    kept = _kept(foreground, superpixels, params.alpha, params.beta, params.overlap)
    inside = labels[foreground]
    if inside.size and int(inside.max()) >= num_labels:
        raise ValueError(f"expected labels below {num_labels}, received {int(inside.max())}")
    ballots = superpixels[foreground].astype(np.int64) * num_labels + inside
    votes = np.bincount(ballots, minlength=kept.size * num_labels).reshape(kept.size, num_labels)
    winner = np.where(kept, votes.argmax(axis=1), BACKGROUND).astype(np.uint8)
    refined = winner[superpixels]
    refined[(labels == IGNORE) & (refined == BACKGROUND)] = IGNORE
    return refined


def _kept(
    mask: npt.NDArray[np.bool_],
    superpixels: npt.NDArray[np.int32],
    alpha: float,
    beta: float,
    overlap: Overlap,
) -> npt.NDArray[np.bool_]:
    """Which superpixels Algorithm 2 keeps: ``N``, one truth value each."""
    if mask.shape != superpixels.shape:
        raise ValueError(
            f"expected mask and superpixels of one shape, received {mask.shape} and "
            f"{superpixels.shape}"
        )
    area = np.bincount(superpixels.ravel())
    common = np.bincount(superpixels[mask], minlength=area.size)
    reference = area if overlap == "superpixel" else area + np.count_nonzero(mask) - common
    # Products instead of quotients: no division by zero for a number that does not occur.
    return np.asarray((common > alpha * reference) & (area < beta * mask.size))
