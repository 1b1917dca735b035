"""Refuse a wrong parameter of any stage, and parts without what they need, before any work."""

from __future__ import annotations

from pathlib import Path

from pipeline.artifacts.tables import write_json
from stages import cli
from stages.schema import check_all


def run(out: Path) -> None:
    """Check all of params.yaml; ``out`` says that it passed, and is the same whatever it holds.

    So the stages that depend on it wait for the check, and do not run again for it.
    """
    check_all(cli.read_parameters())
    write_json(out, {"checked": True})


if __name__ == "__main__":
    cli.run(run)
