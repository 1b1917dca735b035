"""Optical flow from each key frame to the key frames beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from pipeline.artifacts.flows import Flows
from pipeline.cues.background_motion import accumulate
from pipeline.vision.warping import Flow, at_size


def neighbour_flows(
    flows: Flows, video: str, keys: Sequence[int], height: int, width: int
) -> list[Mapping[int, Flow]]:
    """By each key frame its flow to the next and, if backward flow is there, to the one before.

    Flow over the frames between two key frames is added up along the path of each pixel.

    Args:
        flows: between all frames of the video, or between its key frames.
        video: its id; a video without flow has no neighbours.
        keys: T numbers of key frames, in order.
        height: of the flow wanted.
        width: of the flow wanted.

    Returns:
        T mappings from the place 0..T-1 of a neighbour to the flow ``height width 2`` that leads
        there.
    """
    found: list[Mapping[int, Flow]] = [{} for _ in keys]
    if video not in flows:
        return found
    listed = flows.frames(video)
    for place, (here, there) in enumerate(pairwise(keys)):
        path = [n for n in listed if here <= n <= there]
        ways = (
            (place, place + 1, [flows.forward(video, n) for n in path[:-1]]),
            (place + 1, place, [flows.backward(video, n) for n in path[:0:-1]]),
        )
        for start, end, steps in ways:
            known = [at_size(f, height, width) for f in steps if f is not None]
            if known and len(known) == len(steps):
                flow = accumulate(known, known, range(len(known)))
                found[start] = {**found[start], end: flow}
    return found
