"""One cue of the recipe, of all videos: where an actor or an action is, or may be."""

from __future__ import annotations

from pathlib import Path

from pipeline.artifacts.cues import Cues, cue_digest
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.models import Model
from pipeline.artifacts.tables import write_json
from pipeline.cues.table import CUES
from pipeline.cues.video_cue import CueInputs
from stages import cli, config


def run(
    name: str, frames: Frames, cues: Path, classifier: Model | None, out: Path, digest: Path
) -> None:
    """Write the cue ``name``, made from frames, a classifier and other ones of ``cues``."""
    cue = CUES[name]
    inputs = CueInputs(frames, Cues(cues, cue.needs), classifier)
    cue.compute(inputs, config.cue_params(name, cue.params), config.machine(), out)
    write_json(digest, {"digest": cue_digest(out)})


if __name__ == "__main__":
    cli.run(run)
