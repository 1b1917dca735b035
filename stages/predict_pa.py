"""Predict the next version of the pseudo-annotations."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.artifacts.kinds import Frames, LabelMaps, Superpixels
from pipeline.artifacts.models import read_history
from pipeline.artifacts.tables import read_json
from pipeline.networks.inference import segment_frames
from pipeline.refinement.prediction import PredictionParams, finish_prediction
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
        print(f"PA.{version}: not predicted, the RIC had converged after {last}")
        LabelMaps.write_index(out, [], {"version": version, "stopped_after": last})
        return
    rows = []
    for video in progress(prepared.tagged("train", "val"), f"predict PA.{version}"):
        keys = prepared.key_frames(video)
        allowed = prepared.taxonomy.labels(prepared.tags(video))
        answer = segment_frames(segmenter.model, prepared.images(video, keys), allowed, params.rule)
        initial = answer.label_map(segmenter.shift)
        superpixel_maps = [regions.superpixels(video, n) for n in keys]
        labels = finish_prediction(initial, superpixel_maps, params, prepared.taxonomy)
        count = LabelMaps.write(out, video, _by_frame(keys, labels), _by_frame(keys, initial))
        rows.append({"video": video, "rows": count})
    parents = {
        "version": version,
        "model": {"trained_on": gate["version"], **read_history(model)["best"][params.criterion]},
        "selection": read_json(selection / "selection.json"),
        "initial_share": before.metadata["initial_share"],
    }
    LabelMaps.write_index(out, rows, parents)


def _by_frame(keys: list[int], maps: np.ndarray) -> dict[int, np.ndarray]:
    return dict(zip(keys, maps, strict=True))


if __name__ == "__main__":
    cli.run(run)
