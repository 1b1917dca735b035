"""Predict the next version of the pseudo-annotations."""

from __future__ import annotations

from pathlib import Path

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.models import read_history
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.artifacts.superpixels import Superpixels
from pipeline.artifacts.tables import read_json
from pipeline.refinement.prediction import PredictionParams
from pipeline.refinement.video_prediction import infer_video, predict_video
from pipeline.runtime.progress import progress
from pipeline.runtime.reproducible import make_reproducible
from stages import cli
from stages.segmenters import load_segmenter


def run(
    frames: Path,
    superpixels: Path,
    pa: Path,
    selection: Path,
    model: Path,
    motion: Path,
    convergence: Path,
    version: str,
    out: Path,
) -> None:
    """Write ``version``, predicted by ``model``, which was trained on ``selection`` of ``pa``."""
    params, machine = cli.section("prediction", PredictionParams), cli.machine()
    make_reproducible(cli.seed(), machine.threads)
    prepared, before, regions = Frames(frames), LabelMaps(pa), Superpixels(superpixels)
    gate = read_json(convergence)
    segmenter = load_segmenter(model, params.criterion, machine)
    if segmenter is None or gate["stop"]:
        last = before.metadata.get("stopped_after") or gate["version"]
        print(f"PA.{version}: not predicted, the evolution stopped after {last}")
        LabelMaps.write_index(out, [], {"version": version, "stopped_after": last})
        return
    moving, latent = MotionSegments(motion), params.latent
    rows = []
    for video in progress(prepared.tagged("train", "val"), f"predict PA.{version}"):
        keys, tags = prepared.key_frames(video), prepared.taxonomy.labels(prepared.tags(video))
        if latent is not None and video in moving:
            found = infer_video(
                *(*segmenter, prepared, moving, video, keys, tags),
                *(latent.alpha_of(version), latent),
            )
        else:
            found = predict_video(*segmenter, prepared, regions, video, keys, tags, params)
        by_frame = [dict(zip(keys, maps, strict=True)) for maps in (found.labels, found.initial)]
        count = LabelMaps.write(out, video, *by_frame)
        rows.append({"video": video, "rows": count})
    parents = {
        "version": version,
        "model": {
            "trained_on": gate["version"],
            "criterion": params.criterion,
            **read_history(model)["best"][params.criterion],
        },
        "selection": read_json(selection / "selection.json"),
        "initial_share": before.metadata["initial_share"],
        "last": gate["last"],
    }
    LabelMaps.write_index(out, rows, parents)


if __name__ == "__main__":
    cli.run(run)
