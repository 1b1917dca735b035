"""Figures of a version: RIC of its model, and human masks against its PA, selection and model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.artifacts.cues import Cues
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.models import Model
from pipeline.artifacts.selections import Selection
from pipeline.artifacts.superpixels import Superpixels
from pipeline.artifacts.tables import write_json
from pipeline.evaluation.jaccard import by_sequence
from pipeline.evaluation.read_versions import (
    annotated_keys,
    measure_frames,
    measure_model,
    score_selection,
)
from pipeline.evaluation.versions import ModelFigures, by_video, score_model, score_pa
from pipeline.prediction.params import PredictionParams, PredictPaParams
from pipeline.prediction.read_evidence import Evidence
from pipeline.prediction.video_predictor import Predictor, read_predictor
from pipeline.runtime.parallel import thread_map
from pipeline.runtime.reproducible import make_reproducible
from stages import cli, config


def run(
    frames: Frames,
    superpixels: Superpixels,
    ground_truth: LabelMaps,
    pa: LabelMaps,
    selection: Selection,
    model: Model,
    cues: Cues,
    out: Path,
) -> None:
    """Write figures, confusions of test regions and Jaccard by video; some without a model."""
    if pa.stopped:
        write_json(out / "scores.json", {"stopped_after": pa.metadata["stopped_after"]})
        _write_tables(out, [], {})
        return
    prediction = config.section("prediction", PredictionParams)
    params, machine = config.section("predict_pa", PredictPaParams), config.machine()
    make_reproducible(config.seed(), machine.threads)
    taxonomy = frames.taxonomy
    keys = annotated_keys(ground_truth, pa, frames.tagged("train"))
    measured = measure_frames(ground_truth, pa, keys, taxonomy)
    selected = score_selection(ground_truth, pa, measured, selection, taxonomy)
    figures: dict[str, Any] = {"pa": score_pa(measured, taxonomy), "selected": selected}
    taken_for: list[tuple[str, str]] = []
    predictor = read_predictor(model, prediction, params, machine)
    if predictor is not None:
        best = model.history["best"][params.criterion]
        scores, taken_for = _score_model(predictor, frames, superpixels, cues, ground_truth)
        figures["model"] = {
            **{k: best[k] for k in ("ric", "rii", "miou_pa")},
            "best_epoch": int(best["epoch"]),
            "background_bias": predictor.bias.without_tags,
            **scores,
        }
    write_json(out / "scores.json", figures)
    _write_tables(out, taken_for, by_sequence(by_video(measured, "jaccard")))


def _score_model(
    predictor: Predictor, frames: Frames, superpixels: Superpixels, cues: Cues, truth: LabelMaps
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Figures on both splits, without tags; the true and predicted label of each test region."""

    def measure(video: str) -> ModelFigures:
        keys = frames.key_frames(video)  # all of them, since neighbours help each other
        evidence = Evidence(frames, video, keys, superpixels, cues, tags_known=False)
        found = predictor.predict(evidence).labels
        return measure_model(truth, frames.taxonomy, video, keys, found)

    figures: dict[str, Any] = {}
    measured: list[ModelFigures] = []
    for split in ("val", "test"):
        videos = [v for v in frames.of_split(split) if v in truth]
        measured = thread_map(measure, videos, split)
        figures[split] = score_model(measured, frames.taxonomy)
    return figures, [pair for of_video in measured for pair in of_video.taken_for]


def _write_tables(out: Path, taken_for: list[tuple[str, str]], own: dict[str, float]) -> None:
    regions = pd.DataFrame(taken_for, columns=["actual", "predicted"])
    sequences = pd.DataFrame(list(own.items()), columns=["video", "jaccard"])
    for name, table in (("regions", regions), ("sequences", sequences)):
        table.to_csv(out / f"{name}.csv", index=False)


if __name__ == "__main__":
    cli.run(run)
