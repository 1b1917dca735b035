"""Predict the next version of the pseudo-annotations."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.maps import Maps
from pipeline.artifacts.models import read_history
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.artifacts.superpixels import Superpixels
from pipeline.artifacts.tables import read_json
from pipeline.prediction.params import PredictionParams
from pipeline.prediction.video_prediction import (
    Known,
    PredictedLabels,
    infer_video,
    predict_video,
    read_known,
)
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.parallel import parallel_map, thread_map
from pipeline.runtime.reproducible import make_reproducible
from stages import cli
from stages.segmenters import LoadedSegmenter, load_segmenter, load_segmenter_alone


def run(
    frames: Path,
    superpixels: Path,
    pa: Path,
    selection: Path,
    model: Path,
    action_cam: Path,
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
    segmenter = load_segmenter(model, params.criterion, machine, with_prior=True)
    if segmenter is None or gate["stop"]:
        last = before.metadata.get("stopped_after") or gate["version"]
        print(f"PA.{version}: not predicted, the evolution stopped after {last}")
        LabelMaps.write_index(out, [], {"version": version, "stopped_after": last})
        return
    videos, what = prepared.tagged("train", "val"), f"predict PA.{version}"
    if params.latent is None:  # the network is what takes time
        actions, trained = Maps(action_cam), segmenter

        def predict(video: str) -> dict[str, Any]:
            known = read_known(prepared, actions, before, video, prepared.key_frames(video), params)
            return _write_predicted(video, out, trained, prepared, regions, params, known)

        rows = thread_map(predict, videos, what)
    else:  # mixtures and cuts are
        infer = partial(
            _write_inferred,
            frames=frames,
            superpixels=superpixels,
            motion=motion,
            model=model,
            version=version,
            out=out,
            params=params,
            machine=machine,
        )
        rows = parallel_map(infer, videos, machine, what)
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


def _write_predicted(
    video: str,
    out: Path,
    segmenter: LoadedSegmenter,
    prepared: Frames,
    regions: Superpixels,
    params: PredictionParams,
    known: Known,
) -> dict[str, Any]:
    """Predict and write the label maps of one video."""
    keys = prepared.key_frames(video)
    found = predict_video(*segmenter, prepared, regions, video, keys, params, known)
    return _write(out, prepared, video, found)


def _write_inferred(
    video: str,
    frames: Path,
    superpixels: Path,
    motion: Path,
    model: Path,
    version: str,
    out: Path,
    params: PredictionParams,
    machine: MachineParams,
) -> dict[str, Any]:
    """Infer and write the latent labels of one video, in a process of its own with one thread.

    A still image has no motion and is predicted.
    """
    segmenter, latent = load_segmenter_alone(model, params.criterion, machine), params.latent
    assert segmenter is not None and latent is not None
    prepared, moving = Frames(frames), MotionSegments(motion)
    keys, tags = prepared.key_frames(video), prepared.taxonomy.labels(prepared.tags(video))
    if video not in moving:
        regions = Superpixels(superpixels)
        return _write_predicted(video, out, segmenter, prepared, regions, params, Known(tags))
    found = infer_video(
        *(*segmenter, prepared, moving, video, keys, tags), *(latent.alpha_of(version), latent)
    )
    return _write(out, prepared, video, found)


def _write(out: Path, prepared: Frames, video: str, found: PredictedLabels) -> dict[str, Any]:
    """Write the label maps of one video; its row of the index."""
    keys = prepared.key_frames(video)
    by_frame = [dict(zip(keys, maps, strict=True)) for maps in (found.labels, found.initial)]
    return {"video": video, "rows": LabelMaps.write(out, video, *by_frame)}


if __name__ == "__main__":
    cli.run(run)
