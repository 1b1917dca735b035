"""Maps of some frames of a video, united along its stored flow (Frame-to-Frame, Section 3.3.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.artifacts.flows import Flows
from pipeline.cues.flow_aggregation import MapStack, Step, aggregate, resized
from pipeline.runtime.errors import InputError


def unite_along_flow(
    video: str,
    maps: Mapping[int, Sequence[npt.NDArray[np.floating[Any]]]],
    flows: Flows,
    consistency: bool,
) -> MapStack:
    """Maps of some frames of a video, united in the last of them, at the size of the flow.

    Args:
        video: its id.
        maps: by frame one map h w for each class, all in one order.
        flows: flow back from each frame between the first and the last to the one before.
        consistency: carry on only what forward and backward flow agree on.

    Raises:
        InputError: there is no flow back.
    """
    listed = [n for n in flows.frames(video) if min(maps) <= n <= max(maps)]
    before = dict(zip(listed[1:], listed, strict=False))

    def step(n: int) -> Step:
        backward = flows.backward(video, n)
        if backward is None:
            raise InputError("maps are united along flow back: set cues.flow.backward=true")
        return Step(backward, flows.forward(video, before[n]) if consistency else None)

    height, width = step(listed[-1]).backward.shape[:2]
    full = {n: resized(m, height, width) for n, m in maps.items()}
    return aggregate(full, listed, step)
