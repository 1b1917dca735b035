"""The index of the recipe's cues, which is all that their readers depend on."""

from __future__ import annotations

from pathlib import Path

from pipeline.artifacts.cues import write_cue_index
from pipeline.artifacts.tables import read_json
from stages import cli


def run(digests: Path, out: Path) -> None:
    """Write names and digests of the cues; what other recipes have left there is not looked at."""
    names = sorted(cli.read_parameters()["cues"])
    write_cue_index(out, {n: read_json(digests / f"{n}.json")["digest"] for n in names})


if __name__ == "__main__":
    cli.run(run)
