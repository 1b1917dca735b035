"""Which maps of a video are united along optical flow, and in which frame."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.maps import Maps
from pipeline.cues.flow_aggregation import AggregateParams, windows
from pipeline.cues.label_filter import find_samples
from pipeline.runtime.errors import InputError


class Target(NamedTuple):
    """Windows of key frames, each united in its last one; actor classes (None for all)."""

    video: str
    windows: list[list[int]]
    classes: list[str] | None


def find_targets(prepared: Frames, cam: Maps, params: AggregateParams) -> list[Target]:
    """What is united in each video; with the label filter only where it finds a sample.

    Still images are taken as they are.

    Args:
        prepared: tells still images, actors and tags.
        cam: maps of the actors, with class scores where the label filter is asked for.
        params: how many frames; the label filter.

    Raises:
        InputError: the maps have no scores, or no video passes the filter.
    """
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
        raise InputError("the label filter needs class scores: set cues.actor.method=cam")
    scores = pd.DataFrame(rows, columns=["video", "frame", *actors])
    tags = {v: frozenset(actor for actor, _ in prepared.tags(v)) for v in cam.videos}
    found = find_samples(scores, tags, params.frames, params.label_filter.tau)
    videos = scores["video"].nunique()
    print(f"label filter: {len(found)} of {videos} videos have a sample, {len(stills)} stills")
    if len(found) == 0 and videos:
        raise InputError(
            f"no video has {params.frames} successive key frames that pass the label filter; "
            f"lower cues.aggregated_actor.label_filter.tau or cues.aggregated_actor.frames"
        )
    samples = [Target(r["video"], [r["frames"]], r["classes"]) for r in found.to_dict("records")]
    own = [Target(v, [cam.frames(v)], sorted(tags[v] & {*actors})) for v in stills]
    return sorted(samples + own)
