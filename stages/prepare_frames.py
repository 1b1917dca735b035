"""Decode every video once: frames, key frames, tags and splits."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from pipeline.artifacts.frames import Frames
from pipeline.datasets.frames import PrepareFramesParams, prepared_frames
from pipeline.datasets.layouts import load_dataset
from pipeline.datasets.validation import check_validation
from pipeline.datasets.video import Video, check_video
from pipeline.runtime.parallel import parallel_map
from stages import cli, config


def run(root: Path, images: Path | None, out: Path) -> None:
    """Write the frames of the data set below ``root`` and of the still images below ``images``."""
    params = config.section("prepare_frames", PrepareFramesParams)
    dataset = load_dataset(root, config.read_parameters()["dataset"], images)
    check_validation(dataset.videos)
    machine = config.machine()
    parallel_map(check_video, dataset.videos, machine, "check videos")  # before any work starts
    rows = parallel_map(
        partial(_prepare, params=params, out=out), dataset.videos, machine, "prepare frames"
    )
    Frames.write_index(out, rows, {v.id: v.tags for v in dataset.videos}, dataset.taxonomy)


def _prepare(video: Video, params: PrepareFramesParams, out: Path) -> dict[str, Any]:
    frames, keys = prepared_frames(video, params)
    height, width = next(iter(frames.values())).shape[:2]
    count = Frames.write(out, video.id, frames, keys, params.codec)
    row = {"video": video.id, "rows": count, "split": video.split}
    row |= {"height": height, "width": width}
    return row if video.shot_of is None else row | {"shot_of": video.shot_of}


if __name__ == "__main__":
    cli.run(run)
