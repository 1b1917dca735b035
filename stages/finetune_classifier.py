"""Stage 1 of WS2: train the actor or the action classifier on the videos' tags."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.models import LAST, write_model
from pipeline.datasets.classes import Branch, branch_classes, check_classes
from pipeline.networks.classifiers import build_classifier
from pipeline.networks.weights import load_weights
from pipeline.runtime.reproducible import derive_seed, make_reproducible
from pipeline.runtime.resume import WorkFolder, fingerprint
from pipeline.training.classifier import ClassifierParams, classifier_loss
from pipeline.training.loop import fit
from pipeline.training.video_classifier import ClassifierBatches, accuracy, labelled_videos
from stages import cli, config
from stages.code import stage_digest


def run(branch: Branch, frames: Frames, out: Path, work: Path) -> None:
    """Train the classifier of a branch and write it to ``out``."""
    name = f"finetune_classifier.{branch}"
    params, machine = config.section(name, ClassifierParams), config.machine()
    classes = branch_classes({v: frames.tags(v) for v in frames.of_split("train")}, branch)
    check_classes(classes, branch)
    seed = derive_seed(config.seed(), name)
    make_reproducible(seed, machine.threads)
    model = build_classifier(params.network, len(classes))
    load_weights(model, params.weights)
    sets = {
        split: labelled_videos(frames, split, branch, classes, params)
        for split in ("train", "val", "test")
    }
    key = {
        "seed": seed,
        "params": params.model_dump(),
        "precision": machine.precision,
        "inputs": fingerprint(frames.folder),
        "code": stage_digest("finetune_classifier"),
    }
    checkpoint = WorkFolder(work, key)
    fitted = fit(
        model,
        ClassifierBatches(frames, sets["train"], len(classes), params, seed),
        partial(classifier_loss, params.loss),
        params.fit,
        machine,
        on_epoch=lambda values: print(" ".join(f"{k} {v:.3f}" for k, v in values.items())),
        work=checkpoint,
    )
    model.eval()
    results = {
        f"{split}_accuracy": accuracy(model, frames, sets[split], params)
        for split in ("val", "test")
    }
    description = {"classes": classes, "params": params.model_dump(mode="json")}
    write_model(out, description, {**fitted.history(), **results}, {LAST: fitted.states[LAST]})
    checkpoint.clear()


if __name__ == "__main__":
    cli.run(run)
