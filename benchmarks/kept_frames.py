"""What decoding costs a training: milliseconds a step of both classifiers of the demo.

    python -m benchmarks.kept_frames

Run it after ``dvc repro``. Each classifier of params.yaml is trained for some epochs on the frames
in the workspace, with frames decoded for every draw and with frames that are kept
(``pipeline/training/kept.py``), in turns. Figures are medians over epochs but the first of each
training, which decodes every frame; the ratio is to the first line.
"""

from __future__ import annotations

import argparse
import time
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median

from pipeline.artifacts.frames import Frames
from pipeline.networks.classifiers import build_classifier
from pipeline.runtime.reproducible import make_reproducible
from pipeline.training.classifier import (
    Branch,
    ClassifierBatches,
    ClassifierParams,
    branch_classes,
    classifier_loss,
    labelled_videos,
)
from pipeline.training.kept import LIMIT, Kept
from pipeline.training.loop import fit
from stages import cli

LIMITS = {"decoded for every draw": 0, "kept": LIMIT}


def step_seconds(
    frames: Frames, branch: Branch, limit: int, epochs: int, steps: int
) -> list[float]:
    """Seconds of a step, in each epoch of a training but the first."""
    params, machine = cli.section(f"finetune_classifier.{branch}", ClassifierParams), cli.machine()
    make_reproducible(0, machine.threads)
    classes = branch_classes({v: frames.tags(v) for v in frames.of_split("train")}, branch)
    videos = labelled_videos(frames, "train", branch, classes, params)
    batches = ClassifierBatches(frames, videos, len(classes), params, 0)
    batches.images = Kept(batches.images.read, limit)
    times: list[float] = []
    fit(
        build_classifier(params.network, len(classes)),
        batches,
        partial(classifier_loss, params.loss),
        params.fit.model_copy(update={"epochs": epochs, "steps": steps}),
        machine,
        on_epoch=lambda _: times.append(time.perf_counter()),
    )
    return [(b - a) / steps for a, b in pairwise(times)]


def main() -> None:
    """Measure both classifiers and print a table of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--steps", type=int, default=60)
    arguments = parser.parse_args()
    frames = Frames(Path("data/frames"))
    branches: tuple[Branch, ...] = ("actor", "action")
    for branch in branches:
        found: dict[str, list[float]] = {name: [] for name in LIMITS}
        for _ in range(arguments.rounds):
            for name, limit in LIMITS.items():
                found[name] += step_seconds(
                    frames, branch, limit, arguments.epochs, arguments.steps
                )
        first = median(next(iter(found.values())))
        print(f"\n| {branch} | ms a step | ratio |\n|---|---|---|")
        for name, seconds in found.items():
            print(f"| {name} | {1000 * median(seconds):.0f} | {median(seconds) / first:.2f} |")


if __name__ == "__main__":
    main()
