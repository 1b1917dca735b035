"""Attention maps of successive key frames, united along optical flow (Frame-to-Frame, 3.2, 3.3)."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.artifacts.flows import Flows
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.maps import Maps
from pipeline.cues.flow_aggregation import AggregateParams, unite_along_flow
from pipeline.cues.read_targets import Target, find_targets
from pipeline.runtime.errors import InputError
from pipeline.runtime.parallel import parallel_map
from stages import cli


def run(frames: Path, actor_cam: Path, action_cam: Path, flow: Path, out: Path) -> None:
    """Write the maps of both branches to ``out``; those of still images are what they were."""
    branches = {"actor": actor_cam, "action": action_cam}
    if cli.is_null("aggregate_flow"):
        print("aggregate_flow: not needed, the recipe takes the maps of each frame as they are")
        for branch in branches:
            Maps.write_index(out / branch, [], [])
        return
    params = cli.section("aggregate_flow", AggregateParams)
    targets = find_targets(Frames(frames), Maps(actor_cam), params)
    for branch, cam in branches.items():
        work = partial(_aggregate, cam=cam, flow=flow, out=out / branch, params=params)
        held = [
            t if branch == "actor" else t._replace(classes=None)
            for t in targets
            if t.video in Maps(cam)
        ]
        rows = parallel_map(work, held, cli.machine(), f"aggregate {branch} maps")
        Maps.write_index(out / branch, rows, Maps(cam).metadata["classes"])


def _aggregate(
    target: Target, cam: Path, flow: Path, out: Path, params: AggregateParams
) -> dict[str, Any]:
    """Unite the maps of one video and write them."""
    video, maps, names = target.video, Maps(cam), Maps(cam).metadata["classes"]
    classes = target.classes or list(maps.maps(video, target.windows[0][-1]))
    missing = [c for c in classes if c not in maps.maps(video, target.windows[0][-1])]
    if missing:
        raise InputError(
            f"video {video!r} shows {missing[0]!r} by the label filter, but has no maps of it; set "
            "extract_cam.actor.above to aggregate_flow.label_filter.tau"
        )

    def of_frame(n: int) -> list[np.ndarray]:
        stored = maps.maps(video, n)
        return [stored[c] for c in classes]

    united = {
        window[-1]: np.stack(of_frame(window[-1]))
        if len(window) == 1
        else unite_along_flow(
            video, {n: of_frame(n) for n in window}, Flows(flow), params.consistency
        )
        for window in target.windows
    }
    count = Maps.write(out, video, [names.index(c) for c in classes], united)
    return {"video": video, "rows": count}


if __name__ == "__main__":
    cli.run(run)
