"""Edge segments of the key frames to learn from, once, without any label."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2

from pipeline.artifacts.edge_segments import EdgeSegments
from pipeline.artifacts.frames import Frames
from pipeline.runtime.machine import device_of_inference
from pipeline.runtime.parallel import parallel_map
from stages import cli

if TYPE_CHECKING:
    from pipeline.cues.edges import EdgeParams


def run(frames: Path, out: Path) -> None:
    """Write the edge segments of the train and validation videos, tagged or not."""
    if cli.is_null("detect_edges"):
        print("detect_edges: not needed, the recipe uses no edges")
        EdgeSegments.write_index(out, [])
        return
    from pipeline.cues.edges import EdgeParams

    params, machine = cli.section("detect_edges", EdgeParams), cli.machine()
    device = str(device_of_inference(machine)) if params.method == "hed" else "cpu"
    work = partial(_segment, frames=frames, out=out, params=params, device=device)
    videos = Frames(frames).of_split("train", "val")
    EdgeSegments.write_index(out, parallel_map(work, videos, machine, "edges"))


def _segment(
    video: str, frames: Path, out: Path, params: EdgeParams, device: str
) -> dict[str, Any]:
    from pipeline.cues.edge_segments import edge_segments  # Higra takes a second to import
    from pipeline.cues.edges import detect_edges

    cv2.setNumThreads(1)  # processes share the cores
    prepared = Frames(frames)
    maps = {}
    for n in prepared.key_frames(video):
        edges = detect_edges(prepared.image(video, n), params, device)
        maps[n] = edge_segments(edges, params.cut, params.regions, params.area)
    return {"video": video, "rows": EdgeSegments.write(out, video, maps)}


if __name__ == "__main__":
    cli.run(run)
