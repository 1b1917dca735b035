"""A digest of the code of every stage; always run, so that a stage reruns when its code changed."""

from __future__ import annotations

import json
from pathlib import Path

from stages import cli
from stages.code import digests, stage_names


def run(out: Path) -> None:
    """Write the digests by stage, and by part of one that makes several, as JSON."""
    out.parent.mkdir(parents=True, exist_ok=True)
    found = {name: digests(name) for name in stage_names()}
    out.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    cli.run(run)
