"""Superpixels of every key frame, once: each later refinement reads them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.superpixels import Superpixels
from pipeline.runtime.parallel import parallel_map
from pipeline.vision.superpixels import SuperpixelParams, superpixels
from stages import cli, config


def run(frames: Frames, out: Path) -> None:
    """Write superpixel maps."""
    params = config.section("compute_superpixels", SuperpixelParams)
    work = partial(_segment, frames=frames, out=out, params=params)
    rows = parallel_map(work, frames.videos, config.machine(), "superpixels")
    Superpixels.write_index(out, rows)


def _segment(video: str, frames: Frames, out: Path, params: SuperpixelParams) -> dict[str, Any]:
    maps = {n: superpixels(frames.image(video, n), params) for n in frames.key_frames(video)}
    return {"video": video, "rows": Superpixels.write(out, video, maps)}


if __name__ == "__main__":
    cli.run(run)
