"""Predict the next version of the pseudo-annotations."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.models import read_history
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.artifacts.superpixels import Superpixels
from pipeline.artifacts.tables import read_json
from pipeline.refinement.prediction import PredictionParams
from pipeline.refinement.video_prediction import infer_video, predict_video
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.parallel import parallel_map
from pipeline.runtime.progress import progress
from pipeline.runtime.reproducible import make_reproducible
from stages import cli
from stages.segmenters import LoadedSegmenter, load_segmenter


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
    videos, what = prepared.tagged("train", "val"), f"predict PA.{version}"
    if params.latent is None:  # the network is what takes time, and it has all threads
        moving = MotionSegments(motion)
        rows = [
            _write(out, video, segmenter, prepared, regions, moving, version, params)
            for video in progress(videos, what)
        ]
    else:  # mixtures and cuts are
        work = partial(
            _write_alone,
            frames=frames,
            superpixels=superpixels,
            motion=motion,
            model=model,
            out=out,
            version=version,
            params=params,
            machine=machine,
        )
        rows = parallel_map(work, videos, machine, what)
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


def _write(
    out: Path,
    video: str,
    segmenter: LoadedSegmenter,
    prepared: Frames,
    regions: Superpixels,
    moving: MotionSegments,
    version: str,
    params: PredictionParams,
) -> dict[str, Any]:
    """Predict and write one video; its row of the index."""
    keys, tags = prepared.key_frames(video), prepared.taxonomy.labels(prepared.tags(video))
    latent = params.latent
    if latent is not None and video in moving:
        found = infer_video(
            *(*segmenter, prepared, moving, video, keys, tags), *(latent.alpha_of(version), latent)
        )
    else:
        found = predict_video(*segmenter, prepared, regions, video, keys, tags, params)
    by_frame = [dict(zip(keys, maps, strict=True)) for maps in (found.labels, found.initial)]
    return {"video": video, "rows": LabelMaps.write(out, video, *by_frame)}


def _write_alone(
    video: str,
    frames: Path,
    superpixels: Path,
    motion: Path,
    model: Path,
    out: Path,
    version: str,
    params: PredictionParams,
    machine: MachineParams,
) -> dict[str, Any]:
    """:func:`_write` in a process of its own, on one thread."""
    make_reproducible(0, threads=1)  # inference draws nothing
    segmenter = load_segmenter(model, params.criterion, machine)
    assert segmenter is not None
    artifacts = Frames(frames), Superpixels(superpixels), MotionSegments(motion)
    return _write(out, video, segmenter, *artifacts, version, params)


if __name__ == "__main__":
    cli.run(run)
