"""Motion segments of every frame, without any label: what moves in a video."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import cv2

from pipeline.artifacts.flows import Flows
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.runtime.errors import InputError
from pipeline.runtime.parallel import parallel_map
from stages import cli


def run(frames: Path, flow: Path, out: Path) -> None:
    """Write the motion segments of all videos; those of one frame have none."""
    if cli.is_null("segment_motion"):
        print("segment_motion: not needed, the recipe uses no motion segments")
        MotionSegments.write_index(out, [])
        return
    from pipeline.cues.motion_segments import MotionParams  # takes a second to import

    params = cli.section("segment_motion", MotionParams)
    prepared, flows = Frames(frames), Flows(flow)
    videos = [v for v in prepared.videos if len(prepared.frames(v)) > 1]
    for video in videos:
        _check(video, prepared, flows)
    work = partial(_segment, frames=frames, flow=flow, out=out, params=params)
    MotionSegments.write_index(out, parallel_map(work, videos, cli.machine(), "motion segments"))


def _check(video: str, prepared: Frames, flows: Flows) -> None:
    """InputError without flow between all neighbouring frames, forward and backward."""
    numbers = prepared.frames(video)
    if video not in flows or flows.frames(video) != numbers:
        raise InputError(
            f"segment_motion needs flow between all frames, which video {video!r} has not: set "
            "estimate_flow, and estimate_flow.pairs to frames"
        )
    if flows.backward(video, numbers[-1]) is None:
        raise InputError("segment_motion needs flow in both directions: set estimate_flow.backward")


def _segment(video: str, frames: Path, flow: Path, out: Path, params: Any) -> dict[str, Any]:
    from pipeline.cues.motion_segments import band, segment_motion

    cv2.setNumThreads(1)
    prepared, flows = Frames(frames), Flows(flow)
    numbers = prepared.frames(video)
    found = segment_motion(
        [prepared.image(video, n) for n in numbers],
        [flows.forward(video, n) for n in numbers[:-1]],  # type: ignore[misc]  # checked above
        [flows.backward(video, n) for n in numbers[1:]],  # type: ignore[misc]
        params,
    )
    segments = dict(zip(numbers, found, strict=True))
    bands = {n: band(m, params.band) for n, m in segments.items()}
    return {"video": video, "rows": MotionSegments.write(out, video, segments, bands)}


if __name__ == "__main__":
    cli.run(run)
