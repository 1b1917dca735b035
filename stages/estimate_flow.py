"""Optical flow of every video, once: whatever follows motion reads it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import cv2

from pipeline.artifacts.flows import Flows
from pipeline.artifacts.frames import Frames
from pipeline.cues.flow import FlowParams, estimate_all
from pipeline.runtime.machine import device_of_inference
from pipeline.runtime.parallel import parallel_map
from stages import cli


def run(frames: Path, out: Path) -> None:
    """Write the flow between neighbouring frames, or key frames; videos of one frame have none."""
    if cli.is_null("estimate_flow"):
        print("estimate_flow: not needed, the recipe uses no flow")
        Flows.write_index(out, [])
        return
    params, machine = cli.section("estimate_flow", FlowParams), cli.machine()
    device = str(device_of_inference(machine)) if params.method == "raft" else "cpu"
    work = partial(_estimate, frames=frames, out=out, params=params, device=device)
    rows = parallel_map(work, Frames(frames).videos, machine, "flow")
    Flows.write_index(out, [row for row in rows if row is not None])


def _estimate(
    video: str, frames: Path, out: Path, params: FlowParams, device: str
) -> dict[str, Any] | None:
    """Index row of one video; None for a still image."""
    cv2.setNumThreads(1)  # the flow of DIS depends on their number
    prepared = Frames(frames)
    listed = prepared.key_frames(video) if params.pairs == "key_frames" else prepared.frames(video)
    if len(listed) < 2:
        return None
    images = (prepared.image(video, n) for n in listed)
    forward, backward = estimate_all(images, params, device)
    return {"video": video, "rows": Flows.write(out, video, listed, forward, backward)}


if __name__ == "__main__":
    cli.run(run)
