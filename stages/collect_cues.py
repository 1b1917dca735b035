"""The index of the recipe's cues, which is all that their readers depend on."""

from __future__ import annotations

from pathlib import Path

from pipeline.artifacts.cues import write_cue_index
from pipeline.artifacts.tables import read_json
from stages import cli, config


def run(digests: Path, out: Path) -> None:
    """Write names and digests of the cues; those that other recipes left there are ignored."""
    names = sorted(config.read_parameters()["cues"])
    write_cue_index(out, {n: read_json(digests / f"{n}.json")["digest"] for n in names})


if __name__ == "__main__":
    cli.run(run)
