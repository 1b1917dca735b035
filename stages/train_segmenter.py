"""Train the segmenter of a version on the selected pseudo-annotations, RIC after every epoch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dvclive.live import Live

from pipeline.artifacts.kinds import Frames, LabelMaps, Superpixels
from pipeline.artifacts.models import (
    read_description,
    read_state,
    write_absent_model,
    write_model,
)
from pipeline.artifacts.tables import read_table
from pipeline.networks.deeplab import DeepLab
from pipeline.networks.segmenters import build_segmenter, transfer_backbone
from pipeline.networks.weights import load_weights
from pipeline.refinement.prediction import PredictionParams
from pipeline.runtime.errors import InputError
from pipeline.runtime.reproducible import derive_seed, make_reproducible
from pipeline.runtime.resume import WorkFolder, fingerprint
from pipeline.training.integrity import evaluate_integrity, foreground_shift, spread
from pipeline.training.loop import LAST, fit
from pipeline.training.segmenter import SegmenterBatches, TrainSegmenterParams, segmenter_loss
from stages import cli

CRITERIA = ("ric", "miou_pa")


def run(
    frames: Path,
    superpixels: Path,
    pa: Path,
    selection: Path,
    init: Path,
    out: Path,
    curves: Path,
    work: Path,
) -> None:
    """Train on ``selection`` of ``pa``, start from ``init``, write the model and its curves."""
    params, machine = cli.section("train_segmenter", TrainSegmenterParams), cli.machine()
    prediction = cli.section("prediction", PredictionParams)
    prepared, labels = Frames(frames), LabelMaps(pa)
    curves.mkdir(parents=True, exist_ok=True)
    if labels.stopped:
        write_absent_model(out, f"stopped after {labels.metadata['stopped_after']}")
        return
    seed = derive_seed(cli.seed(), "train_segmenter", labels.metadata["version"])
    make_reproducible(seed, machine.threads)
    model = build_segmenter(params.network, len(prepared.taxonomy.pairs) + 1)
    _initialise(model, init, params)
    table = read_table(selection / "frames.parquet")
    chosen = table[table["selected"]]
    keys = [(str(v), int(n)) for v, n in zip(chosen["video"], chosen["frame"], strict=True)]
    val = {v: spread(labels.frames(v), params.ric.frames) for v in labels.videos}
    val = {v: f for v, f in val.items() if v in set(prepared.of_split("val"))}
    if not val:
        raise InputError(
            "no validation video has a tag, so no epoch can be chosen; raise dataset.validation"
        )
    key = {
        "seed": seed,
        "params": [str(params), str(prediction), machine.precision],
        "inputs": fingerprint(frames, superpixels, pa, selection, init),
    }
    checkpoint = WorkFolder(work, key)
    with Live(
        str(curves), dvcyaml=None, save_dvc_exp=False, report=None, monitor_system=False
    ) as live:

        def log(values: Mapping[str, float]) -> None:
            print(" ".join(f"{k} {v:.3f}" for k, v in values.items()), flush=True)
            for name, value in values.items():
                live.log_metric(name, value)
            live.next_step()

        fitted = fit(
            model,
            SegmenterBatches(prepared, labels, keys, params, seed),
            segmenter_loss,
            params.fit,
            machine,
            evaluate=lambda _: evaluate_integrity(
                model,
                prepared,
                labels,
                Superpixels(superpixels),
                val,
                prediction,
                params.ric.weight,
            ),
            criteria=CRITERIA,
            on_epoch=log,
            work=checkpoint,
        )
    description = {"network": params.network.model_dump(), "num_labels": model.num_classes}
    shifts = {}
    for criterion in CRITERIA:
        model.load_state_dict(fitted.states[criterion])
        model.eval()
        shifts[criterion] = foreground_shift(
            model, prepared, labels, params.anchor, prediction.rule, seed
        )
    states = {c: s for c, s in fitted.states.items() if c != LAST}
    write_model(out, {**description, "background_shift": shifts}, fitted.history(), states)
    checkpoint.clear()


def _initialise(model: DeepLab, init: Path, params: TrainSegmenterParams) -> None:
    """Weights from parameters.weights where it is set, else from the model ``init``."""
    if params.weights is not None:
        load_weights(model, params.weights)
        return
    description = read_description(init)
    if "classes" in description:
        transfer_backbone(model, read_state(init, LAST))
    elif "network" in description:
        model.load_state_dict(read_state(init, CRITERIA[0]))


if __name__ == "__main__":
    cli.run(run)
