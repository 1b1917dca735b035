"""Read the human masks, where the data set has any, into an artifact of their own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.datasets.layouts import load_dataset
from pipeline.datasets.video import Video
from pipeline.runtime.parallel import parallel_map
from stages import cli, config


def run(root: Path, images: Path | None, frames: Frames, out: Path) -> None:
    """Write label maps of annotated frames, key frame or not, at the size of the prepared ones."""
    dataset = load_dataset(root, config.read_parameters()["dataset"], images)
    annotated = [v for v in dataset.videos if v.annotations]
    rows = parallel_map(
        partial(_read, read=dataset.read_annotation, frames=frames, out=out),
        annotated,
        config.machine(),
        "read masks",
    )
    LabelMaps.write_index(out, rows, {"version": "ground truth"})


def _read(
    video: Video, read: Callable[[Path, Video], np.ndarray], frames: Frames, out: Path
) -> dict[str, Any]:
    maps = {}
    for number in frames.frames(video.id):
        if number not in video.annotations:
            continue
        labels = read(video.annotations[number], video)
        height, width = frames.image(video.id, number).shape[:2]
        resized = cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST)
        maps[number] = resized.astype(np.uint8)
    return {"video": video.id, "rows": LabelMaps.write(out, video.id, maps)}


if __name__ == "__main__":
    cli.run(run)
