"""Edge segments of the training and validation key frames, computed once, without any label."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import cv2

from pipeline.artifacts.edge_segments import EdgeSegments
from pipeline.artifacts.frames import Frames
from pipeline.cues.edges import EdgeParams, detect_edges
from pipeline.cues.video_cue import Cue, CueInputs
from pipeline.runtime.machine import MachineParams, device_of_inference
from pipeline.runtime.parallel import parallel_map


def compute_edges(inputs: CueInputs, params: EdgeParams, machine: MachineParams, out: Path) -> None:
    """Write the edge segments of the train and validation videos, tagged or not."""
    device = str(device_of_inference(machine)) if params.method == "hed" else "cpu"
    work = partial(_segment, frames=inputs.frames, out=out, params=params, device=device)
    videos = inputs.frames.of_split("train", "val")
    EdgeSegments.write_index(out, parallel_map(work, videos, machine, "edges"))


def _segment(
    video: str, frames: Frames, out: Path, params: EdgeParams, device: str
) -> dict[str, Any]:
    from pipeline.cues.edge_segments import edge_segments  # Higra takes a second to import

    cv2.setNumThreads(1)  # processes share the cores
    maps = {}
    for n in frames.key_frames(video):
        edges = detect_edges(frames.image(video, n), params, device)
        maps[n] = edge_segments(edges, params.cut, params.regions, params.area)
    return {"video": video, "rows": EdgeSegments.write(out, video, maps)}


EDGES = Cue(EdgeParams, compute_edges)
