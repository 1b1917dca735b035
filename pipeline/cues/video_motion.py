"""Motion segments of every frame, without any label: what moves in a video."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import cv2

from pipeline.artifacts.flows import Flows
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.cues.flow import FlowParams
from pipeline.cues.motion_segments import MotionParams, band, segment_motion
from pipeline.cues.video_cue import Cue, CueInputs
from pipeline.runtime.errors import InputError
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.parallel import parallel_map


def compute_motion(
    inputs: CueInputs, params: MotionParams, machine: MachineParams, out: Path
) -> None:
    """Write the motion segments of all videos; those of one frame have none."""
    frames, flows = inputs.frames, inputs.cues.need("flow", Flows)
    videos = [v for v in frames.videos if len(frames.frames(v)) > 1]
    work = partial(_segment, frames=frames, flows=flows, out=out, params=params)
    MotionSegments.write_index(out, parallel_map(work, videos, machine, "motion segments"))


def check_flow(params: MotionParams, others: Mapping[str, FlowParams]) -> None:
    """Refuse flow that does not fit: motion needs it between all frames, forward and backward."""
    flow = others["flow"]
    if flow.pairs != "frames" or not flow.backward:
        raise InputError(
            "the cue motion needs flow between all frames, in both directions: set "
            "cues.flow.pairs=frames and cues.flow.backward=true"
        )


def _segment(
    video: str, frames: Frames, flows: Flows, out: Path, params: MotionParams
) -> dict[str, Any]:
    cv2.setNumThreads(1)
    numbers = frames.frames(video)
    found = segment_motion(
        [frames.image(video, n) for n in numbers],
        [flows.forward(video, n) for n in numbers[:-1]],  # type: ignore[misc]  # by check_flow
        [flows.backward(video, n) for n in numbers[1:]],  # type: ignore[misc]
        params,
    )
    segments = dict(zip(numbers, found, strict=True))
    bands = {n: band(m, params.band) for n, m in segments.items()}
    return {"video": video, "rows": MotionSegments.write(out, video, segments, bands)}


MOTION = Cue(MotionParams, compute_motion, needs=("flow",), check=check_flow)
