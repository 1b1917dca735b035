"""Figures of the cues against human masks: motion segments, attention maps plain and aggregated."""

from __future__ import annotations

from pathlib import Path

from pipeline.artifacts.cues import Cues
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.maps import Maps
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.artifacts.tables import write_json
from pipeline.evaluation.read_cues import score_cams, score_motion
from pipeline.initial_pa.methods import InitialParams
from stages import cli, config


def run(frames: Frames, ground_truth: LabelMaps, cues: Cues, out: Path) -> None:
    """Write the figures of each cue that the recipe has and that has human masks."""
    motion = cues.get("motion", MotionSegments)
    cam, united = cues.get("actor", Maps), cues.get("aggregated_actor", Maps)
    videos = frames.tagged("train")
    if united is not None:  # nothing is united in a still image
        videos = [v for v in videos if not frames.is_still(v)]
    figures: dict[str, object] = {}
    if motion is not None:
        figures["motion"] = score_motion(ground_truth, motion)
    if cam is not None:
        binarise = config.section("make_initial_pa", InitialParams).binarise
        figures |= score_cams(ground_truth, cam, united, videos, binarise)
    write_json(out, {name: found for name, found in figures.items() if found is not None})


if __name__ == "__main__":
    cli.run(run)
