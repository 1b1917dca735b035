"""Generate the demo data set: videos in the A2D release layout, still images in that of VOC."""

from __future__ import annotations

from pathlib import Path

from pipeline.demo.stills import make_stills
from pipeline.demo.videos import DemoParams, make_demo
from stages import cli, config


def run(out: Path) -> None:
    """Write the demo below ``out``."""
    params = config.section("make_demo", DemoParams)
    make_demo(params, out, config.machine().jobs)
    make_stills(params, out / "stills")


if __name__ == "__main__":
    cli.run(run)
