"""Refuse a wrong parameter of any stage, and parts without what they need, before any work."""

from __future__ import annotations

from pathlib import Path

from pipeline.artifacts.tables import write_json
from stages import cli, config
from stages.schema import check_all


def run(out: Path) -> None:
    """Check all of params.yaml; ``out`` always has the same content.

    So the stages that depend on it wait for the check, but a change of parameters that they do not
    read does not rerun them.
    """
    check_all(config.read_parameters())
    write_json(out, {"checked": True})


if __name__ == "__main__":
    cli.run(run)
