"""Figures of a version: RIC of its model, and human masks against its PA, selection and model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.artifacts.kinds import Frames, LabelMaps, Superpixels
from pipeline.artifacts.models import read_history
from pipeline.artifacts.tables import read_json, read_table, write_json
from pipeline.evaluation.versions import annotated_keys, score_model, score_pa, score_selection
from pipeline.networks.inference import segment_frames
from pipeline.refinement.prediction import PredictionParams, finish_prediction
from pipeline.runtime.reproducible import make_reproducible
from stages import cli
from stages.segmenters import load_segmenter


def run(
    frames: Path,
    superpixels: Path,
    ground_truth: Path,
    pa: Path,
    selection: Path,
    model: Path,
    out: Path,
) -> None:
    """Write ``scores.json`` and ``regions.csv`` (what test regions were taken for) to ``out``."""
    prepared, truth, labels = Frames(frames), LabelMaps(ground_truth), LabelMaps(pa)
    if labels.stopped:
        write_json(out / "scores.json", {"stopped_after": labels.metadata["stopped_after"]})
        _write_regions(out, [])
        return
    params, machine = cli.section("prediction", PredictionParams), cli.machine()
    make_reproducible(cli.seed(), machine.threads)
    taxonomy = prepared.taxonomy
    keys = annotated_keys(truth, labels, prepared.tagged("train"))
    selected = score_selection(
        truth,
        labels,
        keys,
        read_table(selection / "frames.parquet"),
        read_table(selection / "regions.parquet"),
        taxonomy,
    )
    tests = {k: v for k, v in read_json(selection / "selection.json").items() if k != "selected"}
    segmenter = load_segmenter(model, params.criterion, machine)
    assert segmenter is not None  # a version that has not stopped has a model
    maps = Superpixels(superpixels)

    def predict(video: str, numbers: list[int]) -> np.ndarray:
        answer = segment_frames(segmenter.model, prepared.images(video, numbers), None, params.rule)
        regions_of = [maps.superpixels(video, n) for n in numbers]
        return finish_prediction(answer.label_map(segmenter.shift), regions_of, params, taxonomy)

    best = read_history(model)["best"][params.criterion]
    model_figures = {k: best[k] for k in ("ric", "rii", "miou_pa")} | {
        "best_epoch": int(best["epoch"]),
        "background_shift": segmenter.shift,
    }
    taken_for: list[tuple[str, str]] = []
    for split in ("val", "test"):
        model_figures[split], taken_for = score_model(
            truth, prepared, prepared.of_split(split), predict
        )
    figures = {
        "pa": score_pa(truth, labels, keys, taxonomy),
        "selected": selected | tests,
        "model": model_figures,
    }
    write_json(out / "scores.json", figures)
    _write_regions(out, taken_for)


def _write_regions(out: Path, taken_for: list[tuple[str, str]]) -> None:
    table = pd.DataFrame(taken_for, columns=["actual", "predicted"])
    table.to_csv(out / "regions.csv", index=False)


if __name__ == "__main__":
    cli.run(run)
