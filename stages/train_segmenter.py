"""Train the segmenter of a version on the selected pseudo-annotations, RIC after every epoch."""

from __future__ import annotations

from pathlib import Path

from pipeline.artifacts.cues import Cues
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.models import Model, write_absent_model, write_model
from pipeline.artifacts.selections import Selection
from pipeline.artifacts.superpixels import Superpixels
from pipeline.networks.read_segmenter import initialise_motion, initialise_segmenter
from pipeline.networks.segmenters import build_segmenter
from pipeline.prediction.params import PredictionParams
from pipeline.prediction.video_predictor import Predictor
from pipeline.runtime.curves import training_curves
from pipeline.runtime.reproducible import derive_seed, make_reproducible
from pipeline.runtime.resume import WorkFolder, fingerprint
from pipeline.training.loop import fit
from pipeline.training.segmenter import TrainSegmenterParams
from pipeline.training.video_integrity import (
    biases_of_states,
    evaluate_integrity,
    validation_evidence,
)
from pipeline.training.video_objectives import OBJECTIVES, TrainingData
from pipeline.training.video_segmenter import reason_not_to_train
from stages import cli, config
from stages.code import stage_digest

CRITERIA = ("ric", "miou_pa")


def run(
    frames: Frames,
    superpixels: Superpixels,
    pa: LabelMaps,
    selection: Selection,
    cues: Cues,
    action: Model | None,
    init: Model | None,
    out: Path,
    curves: Path,
    work: Path,
) -> None:
    """Train on ``selection`` of ``pa``, start from ``init``, write the model and its curves."""
    params, machine = (config.section("train_segmenter", TrainSegmenterParams), config.machine())
    prediction = config.section("prediction", PredictionParams)
    curves.mkdir(parents=True, exist_ok=True)
    version = pa.metadata["version"]
    if reason := reason_not_to_train(pa, selection):
        print(f"segmenter {version}: not trained, {reason}")
        write_absent_model(out, reason)
        return
    seed = derive_seed(config.seed(), "train_segmenter", version)
    make_reproducible(seed, machine.threads)
    model = build_segmenter(params.network, len(frames.taxonomy.pairs) + 1)
    initialise_motion(model, params.network.motion, action)
    before = pa.metadata.get("model") or {"criterion": CRITERIA[0]}  # which epoch predicted it
    initialise_segmenter(model, init, params.weights, before["criterion"])
    data = TrainingData(frames, pa, cues, selection.selected, version)
    objective = OBJECTIVES[params.objective.name](data, params, seed)
    predictor = Predictor(model, prediction)
    evidence = validation_evidence(frames, pa, superpixels, cues, params.ric.frames)
    key = {
        "seed": seed,
        "code": stage_digest("train_segmenter"),
        "params": [str(params), str(prediction), machine.precision],
        "inputs": fingerprint(
            *(a.folder for a in (frames, superpixels, pa, selection, cues, action, init) if a)
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
                predictor, evidence, pa, prediction.refine, params.ric.weight
            ),
            criteria=CRITERIA,
            on_epoch=log,
            work=checkpoint,
        )
    biases = biases_of_states(predictor, fitted.states, frames, pa, superpixels, cues, seed)
    description = {
        "network": params.network.model_dump(),
        "num_labels": model.num_classes,
        "background_bias": {criterion: own._asdict() for criterion, own in biases.items()},
    }
    write_model(out, description, fitted.history(), fitted.states)
    checkpoint.clear()


if __name__ == "__main__":
    cli.run(run)
