"""Optical flow of every video, computed once: everything that uses motion reads it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import cv2

from pipeline.artifacts.flows import Flows
from pipeline.artifacts.frames import Frames
from pipeline.cues.flow import FlowParams, estimate_all
from pipeline.cues.video_cue import Cue, CueInputs
from pipeline.runtime.machine import MachineParams, device_of_inference
from pipeline.runtime.parallel import parallel_map


def compute_flow(inputs: CueInputs, params: FlowParams, machine: MachineParams, out: Path) -> None:
    """Write the flow between neighbouring frames, or key frames; videos of one frame have none."""
    device = str(device_of_inference(machine)) if params.method == "raft" else "cpu"
    work = partial(_estimate, frames=inputs.frames, out=out, params=params, device=device)
    rows = parallel_map(work, inputs.frames.videos, machine, "flow")
    Flows.write_index(out, [row for row in rows if row is not None])


def _estimate(
    video: str, frames: Frames, out: Path, params: FlowParams, device: str
) -> dict[str, Any] | None:
    """Index row of one video; None for a still image."""
    cv2.setNumThreads(1)  # the flow of DIS depends on their number
    listed = frames.key_frames(video) if params.pairs == "key_frames" else frames.frames(video)
    if len(listed) < 2:
        return None
    images = (frames.image(video, n) for n in listed)
    forward, backward = estimate_all(images, params, device)
    return {"video": video, "rows": Flows.write(out, video, listed, forward, backward)}


FLOW = Cue(FlowParams, compute_flow)
