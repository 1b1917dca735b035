"""Figures of a version: RIC of its model, and human masks against its PA, selection and model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.artifacts.kinds import Frames, LabelMaps, Superpixels
from pipeline.artifacts.models import read_history
from pipeline.artifacts.tables import read_json, read_table, write_json
from pipeline.evaluation.jaccard import by_sequence
from pipeline.evaluation.versions import (
    annotated_keys,
    frame_jaccards,
    score_model,
    score_pa,
    score_places,
    score_selection,
)
from pipeline.networks.inference import segment_frames
from pipeline.refinement.colocalisation import ColocaliseParams, object_mask
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
    """Write figures to ``out``.

    ``scores.json``; ``regions.csv``, what test regions were taken for; ``sequences.csv``, Jaccard
    of the pseudo-annotation by video.
    """
    prepared, truth, labels = Frames(frames), LabelMaps(ground_truth), LabelMaps(pa)
    if labels.stopped:
        write_json(out / "scores.json", {"stopped_after": labels.metadata["stopped_after"]})
        _write_tables(out, [], {})
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
    if not cli.is_null("colocalise"):  # M-CNN Sec. 4.5
        own = cli.section("colocalise", ColocaliseParams)

        def locate(video: str, n: int) -> np.ndarray:
            image, allowed = prepared.image(video, n), taxonomy.labels(prepared.tags(video))
            answer = segment_frames(segmenter.model, image[None], allowed, params.rule)
            probs = answer.probs(segmenter.shift)[0]
            return object_mask(image, probs, maps.superpixels(video, n), own)

        model_figures["corloc"] = score_places(truth, keys, locate)
    figures = {
        "pa": score_pa(truth, labels, keys, taxonomy),
        "selected": selected | tests,
        "model": model_figures,
    }
    write_json(out / "scores.json", figures)
    _write_tables(out, taken_for, by_sequence(frame_jaccards(truth, labels, keys)))


def _write_tables(out: Path, taken_for: list[tuple[str, str]], own: dict[str, float]) -> None:
    regions = pd.DataFrame(taken_for, columns=["actual", "predicted"])
    regions.to_csv(out / "regions.csv", index=False)
    sequences = pd.DataFrame(list(own.items()), columns=["video", "jaccard"])
    sequences.to_csv(out / "sequences.csv", index=False)


if __name__ == "__main__":
    cli.run(run)
