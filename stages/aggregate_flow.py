"""Attention maps of successive key frames, united along optical flow (Frame-to-Frame, 3.2, 3.3)."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from pipeline.artifacts.kinds import Flows, Frames, Maps
from pipeline.refinement.flow_aggregation import (
    AggregateParams,
    MapStack,
    Step,
    aggregate,
    resized,
    windows,
)
from pipeline.runtime.errors import InputError
from pipeline.runtime.parallel import parallel_map
from pipeline.selection.label_filter import find_samples
from stages import cli


class Target(NamedTuple):
    """What is united in a video: key frames in the last of them, by actor class (None for all)."""

    video: str
    windows: list[list[int]]
    classes: list[str] | None


def run(frames: Path, actor_cam: Path, action_cam: Path, flow: Path, out: Path) -> None:
    """Write the maps of both branches to ``out``; those of still images are what they were."""
    branches = {"actor": actor_cam, "action": action_cam}
    if cli.is_null("aggregate_flow"):
        print("aggregate_flow: not needed, the recipe takes the maps of each frame as they are")
        for branch in branches:
            Maps.write_index(out / branch, [], [])
        return
    params = cli.section("aggregate_flow", AggregateParams)
    targets = _targets(Frames(frames), Maps(actor_cam), params)
    for branch, cam in branches.items():
        work = partial(_aggregate, cam=cam, flow=flow, out=out / branch, params=params)
        held = [
            t if branch == "actor" else t._replace(classes=None)
            for t in targets
            if t.video in Maps(cam)
        ]
        rows = parallel_map(work, held, cli.machine(), f"aggregate {branch} maps")
        Maps.write_index(out / branch, rows, Maps(cam).metadata["classes"])


def _targets(prepared: Frames, cam: Maps, params: AggregateParams) -> list[Target]:
    """What is united in each video; with the label filter only where it finds a sample."""
    if params.label_filter is None:
        return [Target(v, windows(cam.frames(v), params.frames), None) for v in cam.videos]
    stills = [v for v in cam.videos if prepared.is_still(v)]
    rows = [
        {"video": v, "frame": n, **cam.scores(v, n)}
        for v in sorted({*cam.videos} - {*stills})
        for n in cam.frames(v)
    ]
    actors = [a for a in prepared.taxonomy.actors if a in cam.metadata["classes"]]
    if rows and actors[0] not in rows[0]:
        raise InputError("the label filter needs class scores: set extract_cam.actor.method to cam")
    scores = pd.DataFrame(rows, columns=["video", "frame", *actors])
    tags = {v: frozenset(actor for actor, _ in prepared.tags(v)) for v in cam.videos}
    found = find_samples(scores, tags, params.frames, params.label_filter.tau)
    videos = scores["video"].nunique()
    print(f"aggregate_flow: {len(found)} of {videos} videos have a sample, {len(stills)} stills")
    if len(found) == 0 and videos:
        raise InputError(
            f"no video has {params.frames} successive key frames that pass the label filter; "
            f"lower aggregate_flow.label_filter.tau or aggregate_flow.frames"
        )
    samples = [Target(r["video"], [r["frames"]], r["classes"]) for r in found.to_dict("records")]
    own = [Target(v, [cam.frames(v)], sorted(tags[v] & {*actors})) for v in stills]
    return sorted(samples + own)


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
        else _unite(video, {n: of_frame(n) for n in window}, Flows(flow), params.consistency)
        for window in target.windows
    }
    count = Maps.write(out, video, [names.index(c) for c in classes], united)
    return {"video": video, "rows": count}


def _unite(
    video: str, maps: dict[int, list[np.ndarray]], flows: Flows, consistency: bool
) -> MapStack:
    """Maps of a window's frames, united in its last frame at the size of the flow."""
    listed = [n for n in flows.frames(video) if min(maps) <= n <= max(maps)]
    before = dict(zip(listed[1:], listed, strict=False))

    def step(n: int) -> Step:
        backward = flows.backward(video, n)
        if backward is None:
            raise InputError("aggregate_flow needs flow back: set estimate_flow.backward to true")
        return Step(backward, flows.forward(video, before[n]) if consistency else None)

    height, width = step(listed[-1]).backward.shape[:2]
    full = {n: resized(m, height, width) for n, m in maps.items()}
    return aggregate(full, listed, step)


if __name__ == "__main__":
    cli.run(run)
