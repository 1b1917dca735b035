"""Train the segmenter of a version on the selected pseudo-annotations, RIC after every epoch."""

from __future__ import annotations

from pathlib import Path

from pipeline.artifacts.edge_segments import EdgeSegments
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.maps import Maps
from pipeline.artifacts.models import write_absent_model, write_model
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.artifacts.superpixels import Superpixels
from pipeline.artifacts.tables import read_table, selected_frames
from pipeline.networks.segmenters import build_segmenter
from pipeline.prediction.params import PredictionParams
from pipeline.runtime.curves import training_curves
from pipeline.runtime.reproducible import derive_seed, make_reproducible
from pipeline.runtime.resume import WorkFolder, fingerprint
from pipeline.training.integrity import (
    evaluate_integrity,
    shifts_of_states,
    validation_keys,
)
from pipeline.training.loop import fit
from pipeline.training.objectives import OBJECTIVES, TrainingData
from pipeline.training.segmenter import TrainSegmenterParams
from stages import cli
from stages.segmenters import initialise_motion, initialise_segmenter

CRITERIA = ("ric", "miou_pa")


def run(
    frames: Path,
    superpixels: Path,
    pa: Path,
    selection: Path,
    motion: Path,
    edges: Path,
    action: Path,
    action_cam: Path,
    init: Path,
    out: Path,
    curves: Path,
    work: Path,
) -> None:
    """Train on ``selection`` of ``pa``, start from ``init``, write the model and its curves."""
    params, machine = cli.section("train_segmenter", TrainSegmenterParams), cli.machine()
    prediction = cli.section("prediction", PredictionParams)
    prepared, labels, regions = Frames(frames), LabelMaps(pa), Superpixels(superpixels)
    actions = Maps(action_cam)
    curves.mkdir(parents=True, exist_ok=True)
    version = labels.metadata["version"]
    if labels.stopped or labels.last:
        after = labels.metadata.get("stopped_after")
        reason = f"stopped after {after}" if after else f"PA.{version} is the recipe's last one"
        print(f"segmenter {version}: not trained, {reason}")
        write_absent_model(out, reason)
        return
    seed = derive_seed(cli.seed(), "train_segmenter", version)
    make_reproducible(seed, machine.threads)
    model = build_segmenter(params.network, len(prepared.taxonomy.pairs) + 1)
    initialise_motion(model, params.network.motion, action)
    before = labels.metadata.get("model") or {"criterion": CRITERIA[0]}  # which epoch predicted it
    initialise_segmenter(model, init, params.weights, before["criterion"])
    data = TrainingData(
        prepared,
        labels,
        MotionSegments(motion),
        EdgeSegments(edges),
        selected_frames(read_table(selection / "frames.parquet")),
        version,
    )
    objective = OBJECTIVES[params.objective.name](data, params, seed)
    val = validation_keys(prepared, labels, params.ric.frames)
    key = {
        "seed": seed,
        "params": [str(params), str(prediction), machine.precision],
        "inputs": fingerprint(
            frames, superpixels, pa, selection, motion, edges, action, action_cam, init
        ),
    }
    checkpoint = WorkFolder(work, key)
    with training_curves(curves) as log:
        fitted = fit(
            model,
            objective.batches,
            objective.loss,
            objective.fit,
            machine,
            evaluate=lambda _: evaluate_integrity(
                model,
                prepared,
                labels,
                actions,
                regions,
                val,
                prediction,
                params.ric.weight,
                params.anchor,
            ),
            criteria=CRITERIA,
            on_epoch=log,
            work=checkpoint,
        )
    shifts = shifts_of_states(
        model, fitted.states, prepared, labels, actions, params.anchor, prediction, seed
    )
    description = {
        "network": params.network.model_dump(),
        "num_labels": model.num_classes,
        "background_shifts": {criterion: own._asdict() for criterion, own in shifts.items()},
    }
    write_model(out, description, fitted.history(), fitted.states)
    checkpoint.clear()


if __name__ == "__main__":
    cli.run(run)
