"""Generate the demo data set in the A2D release layout."""

from __future__ import annotations

from pathlib import Path

from pipeline.datasets.demo import DemoParams, make_demo
from stages import cli


def run(out: Path) -> None:
    """Write the demo release below ``out``; an empty folder where another data set is used."""
    out.mkdir(parents=True, exist_ok=True)
    if cli.is_null("make_demo"):
        print("make_demo: not needed, the data set is another one")
        return
    make_demo(cli.section("make_demo", DemoParams), out, cli.machine().jobs)


if __name__ == "__main__":
    cli.run(run)
