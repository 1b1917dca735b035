"""Maps of successive frames united in the last one along optical flow (Frame-to-Frame, 3.3.2).

From frame to frame the maps of an object cover different parts of it. Warped to one frame and
united, they cover more of it than the map of any single frame.

The paper thresholds first and unites masks. Here maps are united by their pixelwise maximum and
thresholded later: for binary maps that is the union, a threshold of the maximum is the union of
the thresholded maps, and what follows may choose another threshold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from pipeline.runtime.params import Params
from pipeline.vision.warping import Flow, consistent, warp

MapStack = npt.NDArray[np.float32]


class FilterParams(Params):
    """The label filter (`cues/label_filter.py`).

    Attributes:
        tau: a frame shows the classes whose score exceeds this.
    """

    tau: float = Field(default=0.9, ge=0, lt=1)


class AggregateParams(Params):
    """Aggregation along optical flow.

    Attributes:
        frames: K, how many successive key frames are united; 1 unites nothing.
        consistency: carry on only what forward and backward flow agree on; errors build up from
            step to step.
        label_filter: with it, the one sample of each video that it finds is united in its last
            frame, and no other frame gets a pseudo-annotation (Frame-to-Frame); null unites in
            every key frame the maps of up to K - 1 key frames before it.
    """

    frames: int = Field(default=5, ge=1)
    consistency: bool = False
    label_filter: FilterParams | None = FilterParams()


class Step(NamedTuple):
    """Flow between a frame and the one before, ``h w 2``, in pixels of the flow map.

    Attributes:
        backward: from the frame to the one before.
        forward: from the one before to the frame; None without a consistency check.
    """

    backward: Flow
    forward: Flow | None = None


def warp_to_next(maps: MapStack, step: Step) -> MapStack:
    """Maps of a frame, moved into the next one; W of Eq. 1, bilinear.

    Every pixel of the next frame takes the value that its *backward* flow points at: warped along
    forward flow, pixels would leave holes and overlap.

    Args:
        maps: ``C h w``.
        step: flow of the next frame, of the size of the maps.

    Returns:
        ``C h w``; 0 for what comes from outside the frame, and with a forward flow where the two
        do not agree.

    Raises:
        ValueError: maps and flow differ in size.
    """
    if maps.ndim != 3 or maps.shape[1:] != step.backward.shape[:2]:
        raise ValueError(
            f"expected maps C h w and flow h w 2 of one size, received {maps.shape} and "
            f"{step.backward.shape}"
        )
    moved = np.stack([warp(m, step.backward) for m in maps]) if len(maps) else maps
    if step.forward is not None:
        moved = moved * consistent(step.backward, step.forward)
    return moved.astype(np.float32)


def aggregate(
    maps: Mapping[int, MapStack], frames: Sequence[int], step: Callable[[int], Step]
) -> MapStack:
    """Unite maps in the last of some frames, one step after the other (Eq. 1).

    Args:
        maps: ``C h w`` by frame, the classes in one order, all of the size of the flow. Frames
            without maps are passed through, so flow may be known between closer frames.
        frames: numbers in order, from the first with maps to the one that is united in.
        step: flow between each of these frames but the first and the one before it.

    Returns:
        ``C h w``, at every pixel the largest value that any frame has there.

    Raises:
        ValueError: no frames, or the first has no maps.
    """
    if not frames or frames[0] not in maps:
        raise ValueError(f"expected frames that begin with one that has maps, received {frames}")
    united = maps[frames[0]].astype(np.float32)
    for n in frames[1:]:
        united = warp_to_next(united, step(n))
        if n in maps:
            united = np.maximum(united, maps[n])
    return united


def resized(maps: Sequence[npt.NDArray[np.floating[Any]]], height: int, width: int) -> MapStack:
    """Maps h w of one frame to ``C height width``, bilinear, values not rescaled."""
    full = [
        cv2.resize(np.asarray(m, np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
        for m in maps
    ]
    return np.stack(full).astype(np.float32)


def windows(keys: Sequence[int], length: int) -> list[list[int]]:
    """For each key frame itself and up to ``length - 1`` key frames before it, in order."""
    return [list(keys[max(i - length + 1, 0) : i + 1]) for i in range(len(keys))]
