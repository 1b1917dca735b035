"""Superpixels of all frames of a video as the nodes of one graph, linked in space and time.

Papazoglou and Ferrari, *Fast object segmentation in unconstrained video*, ICCV 2013, Section 3.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.vision.warping import Flow

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int32]

_LEAST_SHARE = 0.05  # of a superpixel; weaker links are left out of the graph


@dataclass(frozen=True)
class VideoRegions:
    """N superpixels of T frames.

    Attributes:
        maps: of each frame ``H W``, its superpixels numbered from 0.
        first: ``T``, offset of each frame's superpixel numbers in the numbering of all N.
        frame: ``N``, place 0..T-1 of the frame of each.
        area: ``N``, pixels.
        colour: ``N 3``, mean RGB, 0..255.
    """

    maps: Sequence[Numbers]
    first: Ints
    frame: Ints
    area: Ints
    colour: Floats

    def mean(self, t: int, values: npt.NDArray[Any]) -> Floats:
        """Mean of a map ``H W`` of frame t over each of its superpixels, in order."""
        return _mean(self.maps[t], values)

    def paint(self, t: int, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Map ``H W`` of frame t from a value of each of the N superpixels."""
        return values[self.first[t] : self.first[t] + self._count(t)][self.maps[t]]

    def _count(self, t: int) -> int:
        return int(np.count_nonzero(self.frame == t))


class Links(NamedTuple):
    """Pairs ``E 2`` of linked nodes, and a weight ``E`` in [0, 1] of each link."""

    pairs: Ints
    weight: Floats


def video_regions(images: Sequence[Image], maps: Sequence[Numbers]) -> VideoRegions:
    """The superpixels ``maps`` of ``images`` (each ``H W 3``, RGB) with area and colour."""
    areas = [np.bincount(m.ravel()) for m in maps]
    counts = [len(a) for a in areas]
    colours = [
        np.stack([_mean(m, image[..., c]) for c in range(3)], axis=1)
        for image, m in zip(images, maps, strict=True)
    ]
    return VideoRegions(
        maps,
        np.cumsum([0, *counts[:-1]]).astype(np.int64),
        np.repeat(np.arange(len(maps)), counts).astype(np.int64),
        np.concatenate(areas).astype(np.int64),
        np.concatenate(colours),
    )


def spatial_links(regions: VideoRegions) -> Links:
    """Superpixels of one frame that touch, weighted by the likeness of their colours."""
    found = []
    for first, m in zip(regions.first, regions.maps, strict=True):
        numbers = m.astype(np.int64) + first
        for one, other in ((numbers[:, :-1], numbers[:, 1:]), (numbers[:-1], numbers[1:])):
            apart = one != other
            found.append(np.stack([one[apart], other[apart]], axis=1))
    ordered = np.sort(np.concatenate(found), axis=1)
    count = len(regions.frame)  # one number a pair: much faster than unique rows
    keys = np.unique(ordered[:, 0] * count + ordered[:, 1])
    pairs = np.stack([keys // count, keys % count], axis=1)
    return Links(pairs, _likeness(regions.colour, pairs))


def temporal_links(
    regions: VideoRegions, forward: Sequence[Flow], sure: Sequence[npt.NDArray[np.bool_]]
) -> tuple[Links, Floats]:
    """Superpixels of neighbouring frames that the flow leads from the one into the other.

    Args:
        regions: of T frames.
        forward: T - 1 flows ``H W 2`` to the next frame.
        sure: T - 1 masks ``H W``; a pixel whose flow is not sure counts a quarter.

    Returns:
        Pairs in the order of time, the earlier superpixel first, with the paper's weights: share
        of the first one's pixels that arrive in the second, times likeness of their colours. The
        shares alone, too.
    """
    pairs, shares = [np.zeros((0, 2), np.int64)], [np.zeros(0)]
    for t, (flow, known) in enumerate(zip(forward, sure, strict=True)):
        height, width = flow.shape[:2]
        rows, columns = np.mgrid[:height, :width]
        x = np.rint(columns + flow[..., 0]).astype(np.int64)
        y = np.rint(rows + flow[..., 1]).astype(np.int64)
        stays = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        here = regions.maps[t][stays].astype(np.int64)
        there = regions.maps[t + 1][y[stays], x[stays]].astype(np.int64)
        size = int(regions.maps[t + 1].max()) + 1
        met, which = np.unique(here * size + there, return_inverse=True)
        one, other = met // size + regions.first[t], met % size + regions.first[t + 1]
        share = np.bincount(which, np.where(known, 1.0, 0.25)[stays]) / regions.area[one]
        kept = share > _LEAST_SHARE
        pairs.append(np.stack([one, other], axis=1)[kept])
        shares.append(share[kept])
    linked, share = np.concatenate(pairs), np.concatenate(shares)
    return Links(linked, share * _likeness(regions.colour, linked)), share


def carry(values: Floats, regions: VideoRegions, links: Ints, share: Floats, own: float) -> Floats:
    """Carry values along the flow through all frames, forward and backward, and take the mean.

    A superpixel's value becomes ``own`` times itself plus the rest from those that lead into it, so
    that an object that rests for some frames is not lost (the paper's location model).

    Args:
        values: ``N``.
        regions: N superpixels.
        links: ``E 2`` temporal pairs, the earlier one first.
        share: ``E``, how much of the earlier one arrives in the later one.
        own: in (0, 1].
    """
    mass = share * regions.area[links[:, 0]]
    time = regions.frame[links[:, 0]]
    by_time = [np.flatnonzero(time == t) for t in range(len(regions.maps) - 1)]
    total = np.zeros(len(values))
    for source, target, order in ((0, 1, by_time), (1, 0, by_time[::-1])):
        carried = values.copy()
        for of_pair in order:
            start, end, amount = links[of_pair, source], links[of_pair, target], mass[of_pair]
            arrived = np.bincount(end, amount, len(values))
            brought = np.bincount(end, amount * carried[start], len(values))
            known = arrived > 0
            mean = brought[known] / arrived[known]
            carried[known] = (1 - own) * mean + own * values[known]
        total += carried
    return total / 2


def _likeness(colour: Floats, pairs: Ints) -> Floats:
    """exp(-d^2 / (2 mean d^2)) of each pair, d the distance of their colours."""
    squares = np.square(colour[pairs[:, 0]] - colour[pairs[:, 1]]).sum(axis=1)
    typical = float(squares.mean()) if len(squares) else 0.0
    return np.exp(-squares / max(2 * typical, 1e-6))


def _mean(numbers: Numbers, values: npt.NDArray[Any]) -> Floats:
    count = int(numbers.max()) + 1
    total = np.bincount(numbers.ravel(), values.ravel().astype(np.float64), count)
    return total / np.bincount(numbers.ravel(), minlength=count)
