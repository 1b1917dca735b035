"""Attention maps of successive key frames, united along optical flow (Frame-to-Frame, 3.2, 3.3)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.artifacts.flows import Flows
from pipeline.artifacts.maps import Maps
from pipeline.cues.flow_aggregation import AggregateParams
from pipeline.cues.read_targets import Target, find_targets
from pipeline.cues.video_cue import Cue, CueInputs
from pipeline.cues.video_flow_union import unite_along_flow
from pipeline.runtime.errors import InputError
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.parallel import parallel_map


def compute_aggregation(
    branch: str, inputs: CueInputs, params: AggregateParams, machine: MachineParams, out: Path
) -> None:
    """Write the united maps of a branch; those of still images are not changed.

    The actors' scores decide which key frames are united, for both branches.
    """
    flows, actor = inputs.cues.need("flow", Flows), inputs.cues.need("actor", Maps)
    maps = inputs.cues.need(branch, Maps)
    targets = [t for t in find_targets(inputs.frames, actor, params) if t.video in maps]
    if branch != "actor":  # the classes of the sample are actors
        targets = [t._replace(classes=None) for t in targets]
    work = partial(_aggregate, maps=maps, flows=flows, out=out, params=params)
    rows = parallel_map(work, targets, machine, f"aggregate {branch} maps")
    Maps.write_index(out, rows, maps.metadata["classes"])


def check_others(params: AggregateParams, others: Mapping[str, Any]) -> None:
    """Refuse flow and maps that do not fit.

    Maps are warped along the backward flow of each frame, and the label filter reads the scores of
    all classes.
    """
    if params.frames > 1 and not others["flow"].backward:
        raise InputError(
            "maps are united along the flow from each frame to the one before: set "
            "cues.flow.backward=true"
        )
    if params.label_filter is None:
        return
    if others["actor"].method != "cam":
        raise InputError("the label filter needs class scores: set cues.actor.method=cam")
    above, tau = others["actor"].above, params.label_filter.tau
    if above is None or above > tau:
        raise InputError(
            f"the label filter looks at all classes that answer with more than {tau:g}, but "
            f"cues.actor.above = {above} makes no maps of some: set it to "
            "cues.aggregated_actor.label_filter.tau"
        )


def _aggregate(
    target: Target, maps: Maps, flows: Flows, out: Path, params: AggregateParams
) -> dict[str, Any]:
    """Unite the maps of one video and write them."""
    video, names = target.video, maps.metadata["classes"]
    classes = target.classes or list(maps.maps(video, target.windows[0][-1]))
    missing = [c for c in classes if c not in maps.maps(video, target.windows[0][-1])]
    if missing:
        raise InputError(
            f"video {video!r} shows {missing[0]!r} by the label filter, but has no maps of it; set "
            "cues.actor.above to cues.aggregated_actor.label_filter.tau"
        )

    def of_frame(n: int) -> list[np.ndarray]:
        stored = maps.maps(video, n)
        return [stored[c] for c in classes]

    united = {
        window[-1]: np.stack(of_frame(window[-1]))
        if len(window) == 1
        else unite_along_flow(video, {n: of_frame(n) for n in window}, flows, params.consistency)
        for window in target.windows
    }
    count = Maps.write(out, video, [names.index(c) for c in classes], united)
    return {"video": video, "rows": count}


_NEEDS = ("actor", "flow")
AGGREGATED_ACTOR = Cue(
    AggregateParams, partial(compute_aggregation, "actor"), needs=_NEEDS, check=check_others
)
AGGREGATED_ACTION = Cue(
    AggregateParams,
    partial(compute_aggregation, "action"),
    needs=(*_NEEDS, "action"),
    check=check_others,
)
