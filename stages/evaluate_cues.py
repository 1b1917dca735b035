"""Figures of the cues against human masks: motion segments, masks of maps before and after flow."""

from __future__ import annotations

from pathlib import Path

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.maps import Maps
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.artifacts.tables import write_json
from pipeline.evaluation.cam_masks import score_cams
from pipeline.evaluation.cues import score_motion
from pipeline.initial_pa.methods import InitialParams
from stages import cli


def run(
    frames: Path, ground_truth: Path, motion: Path, actor_cam: Path, aggregated: Path, out: Path
) -> None:
    """Write the figures of each cue; of a cue that is not there, or has no human mask, none."""
    prepared, truth = Frames(frames), LabelMaps(ground_truth)
    cam, united = Maps(actor_cam), Maps(aggregated / "actor")
    videos = prepared.tagged("train")
    if united.videos:  # nothing is united in a still image
        videos = [v for v in videos if not prepared.is_still(v)]
    binarise = cli.section("refine_superpixels", InitialParams).binarise
    figures = {
        "motion": score_motion(truth, MotionSegments(motion)),
        **score_cams(truth, cam, united, videos, binarise),
    }
    write_json(out, {name: found for name, found in figures.items() if found is not None})


if __name__ == "__main__":
    cli.run(run)
