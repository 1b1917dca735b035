"""A digest of the code of every stage: always run, so that each reruns where its own changed."""

from __future__ import annotations

from pathlib import Path

from pipeline.artifacts.tables import write_json
from stages import cli
from stages.code import stage_digest, stage_names


def run(out: Path) -> None:
    """Write the digests by stage, and by part of one that makes several, as JSON."""
    write_json(out, {name: stage_digest(name) for name in stage_names()})


if __name__ == "__main__":
    cli.run(run)
