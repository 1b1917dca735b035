"""Figures of a version: RIC of its model, and human masks against its PA, selection and model."""

from __future__ import annotations

from functools import partial
from itertools import chain, groupby
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.models import read_history
from pipeline.artifacts.superpixels import Superpixels
from pipeline.artifacts.tables import read_json, read_table, write_json
from pipeline.datasets.boxes import Box
from pipeline.evaluation.corloc import largest_box
from pipeline.evaluation.jaccard import by_sequence
from pipeline.evaluation.versions import (
    ModelFigures,
    annotated_keys,
    by_video,
    measure_frames,
    measure_model,
    score_model,
    score_pa,
    score_places,
    score_selection,
)
from pipeline.networks.video_inference import segment_video
from pipeline.prediction.colocalisation import ColocaliseParams, object_mask
from pipeline.prediction.params import PredictionParams
from pipeline.prediction.video_prediction import predict_video
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.parallel import parallel_map, thread_map
from pipeline.runtime.reproducible import make_reproducible
from stages import cli
from stages.segmenters import LoadedSegmenter, load_segmenter, load_segmenter_alone


def run(
    frames: Path,
    superpixels: Path,
    ground_truth: Path,
    pa: Path,
    selection: Path,
    model: Path,
    out: Path,
) -> None:
    """Write figures to ``out``; of the last version, without a model, those of PA and selection.

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
    measured = measure_frames(truth, labels, keys, taxonomy)
    selected = score_selection(
        truth,
        labels,
        measured,
        read_table(selection / "frames.parquet"),
        read_table(selection / "regions.parquet"),
        taxonomy,
    )
    tests = {k: v for k, v in read_json(selection / "selection.json").items() if k != "selected"}
    figures: dict[str, Any] = {
        "pa": score_pa(measured, taxonomy),
        "selected": selected | tests,
    }
    taken_for: list[tuple[str, str]] = []
    segmenter = load_segmenter(model, params.criterion, machine)
    if segmenter is not None:
        best = read_history(model)["best"][params.criterion]
        scores, taken_for = _score_model(
            segmenter, prepared, Superpixels(superpixels), truth, params
        )
        figures["model"] = {
            **{k: best[k] for k in ("ric", "rii", "miou_pa")},
            "best_epoch": int(best["epoch"]),
            # of each label in the model's own description
            "background_shift": float(segmenter.shifts[1:].mean()),
            **scores,
        }
        if not cli.is_null("colocalise"):  # M-CNN Sec. 4.5
            work = partial(
                _locate,
                frames=frames,
                superpixels=superpixels,
                model=model,
                prediction=params,
                params=cli.section("colocalise", ColocaliseParams),
                machine=machine,
            )
            videos = [(v, [n for _, n in group]) for v, group in groupby(keys, lambda key: key[0])]
            boxes = parallel_map(work, videos, machine, "objects")
            places = dict(zip(keys, chain(*boxes), strict=True))
            figures["model"]["corloc"] = score_places(truth, places)
    write_json(out / "scores.json", figures)
    _write_tables(out, taken_for, by_sequence(by_video(measured, "jaccard")))


def _score_model(
    segmenter: LoadedSegmenter,
    frames: Frames,
    superpixels: Superpixels,
    truth: LabelMaps,
    params: PredictionParams,
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Figures on both splits, without knowing tags; what test regions were taken for."""

    def measure(video: str) -> ModelFigures:
        keys = frames.key_frames(video)  # all of them, since neighbours help each other
        found = predict_video(*segmenter, frames, superpixels, video, keys, params)
        return measure_model(truth, frames.taxonomy, video, keys, found.labels)

    figures: dict[str, Any] = {}
    measured: list[ModelFigures] = []
    for split in ("val", "test"):
        videos = [v for v in frames.of_split(split) if v in truth]
        measured = thread_map(measure, videos, split)
        figures[split] = score_model(measured, frames.taxonomy)
    return figures, [pair for of_video in measured for pair in of_video.taken_for]


def _locate(
    item: tuple[str, list[int]],
    frames: Path,
    superpixels: Path,
    model: Path,
    prediction: PredictionParams,
    params: ColocaliseParams,
    machine: MachineParams,
) -> list[Box | None]:
    """Box of the object in some frames of a training video, whose tags are known."""
    segmenter = load_segmenter_alone(model, prediction.criterion, machine)
    assert segmenter is not None
    (video, numbers), prepared, regions = item, Frames(frames), Superpixels(superpixels)
    allowed = prepared.taxonomy.labels(prepared.tags(video))
    answer = segment_video(segmenter.model, prepared, video, numbers, allowed, prediction.rule)
    return [
        largest_box(
            object_mask(prepared.image(video, n), probs, regions.superpixels(video, n), params)
        )
        for n, probs in zip(numbers, answer.probs(segmenter.shifts), strict=True)
    ]


def _write_tables(out: Path, taken_for: list[tuple[str, str]], own: dict[str, float]) -> None:
    regions = pd.DataFrame(taken_for, columns=["actual", "predicted"])
    regions.to_csv(out / "regions.csv", index=False)
    sequences = pd.DataFrame(list(own.items()), columns=["video", "jaccard"])
    sequences.to_csv(out / "sequences.csv", index=False)


if __name__ == "__main__":
    cli.run(run)
