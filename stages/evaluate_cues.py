"""Figures of the cues against human masks: motion segments, by their Jaccard index."""

from __future__ import annotations

from pathlib import Path

from pipeline.artifacts.kinds import LabelMaps, MotionSegments
from pipeline.artifacts.tables import write_json
from pipeline.evaluation.cues import score_motion
from stages import cli


def run(ground_truth: Path, motion: Path, out: Path) -> None:
    """Write the figures of each cue; of a cue that is not there, or has no human mask, none."""
    figures = {"motion": score_motion(LabelMaps(ground_truth), MotionSegments(motion))}
    write_json(out, {name: found for name, found in figures.items() if found is not None})


if __name__ == "__main__":
    cli.run(run)
