"""SLIC superpixels of every key frame, once: each later refinement reads them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.superpixels import Superpixels
from pipeline.runtime.parallel import parallel_map
from pipeline.vision.slic import SlicParams, slic_superpixels
from stages import cli


def run(frames: Path, out: Path) -> None:
    """Write superpixel maps."""
    params = cli.section("compute_superpixels", SlicParams)
    work = partial(_segment, frames=frames, out=out, params=params)
    rows = parallel_map(work, Frames(frames).videos, cli.machine(), "superpixels")
    Superpixels.write_index(out, rows)


def _segment(video: str, frames: Path, out: Path, params: SlicParams) -> dict[str, Any]:
    prepared = Frames(frames)
    own = params.model_dump()
    maps = {
        n: slic_superpixels(prepared.image(video, n), **own) for n in prepared.key_frames(video)
    }
    return {"video": video, "rows": Superpixels.write(out, video, maps)}


if __name__ == "__main__":
    cli.run(run)
