"""What the contrastive relations add to a training step: its time with and without them.

    python -m benchmarks.relation_step --threads 1

Both steps are of the objective ``relations`` (VSCR), on the same two-stream segmenter and the same
batch of 10 crops of 224x224; the one without has all relations at weight 0, which leaves the head's
cross-entropy. The motion stream, which would take the same time in both, is left out. Steps
alternate; figures are medians over the repeats, after one of each that does not count. Made-up
edge segments (cells of random points), labels and tags: the time depends on how many there are.
The figures go to ``docs/results/relation-step.json``.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import get_args

import torch
from torch import nn

from pipeline.artifacts.tables import read_json, write_json
from pipeline.datasets.taxonomy import IGNORE
from pipeline.networks.memory import channels_last
from pipeline.networks.segmenters import BackboneName, SegmenterParams, build_segmenter
from pipeline.networks.two_stream import TwoStreamParams
from pipeline.runtime.reproducible import make_reproducible
from pipeline.training.batches import Batch
from pipeline.training.contrastive import ContrastiveParams, at_positions, contrastive_loss
from pipeline.training.losses import batch_output
from pipeline.training.relations import RelationParams, WeightParams, located, region_clusters

SIZE, BATCH, CLASSES = 224, 10, 44  # VSCR Sec. 4.2; A2D's labels with the background
OUT = Path("docs/results/relation-step.json")
Step = Callable[[], object]


def made_up_batch(segments: int, unlabelled: int) -> Batch:
    """A batch with ``segments`` edge segments an image, ``unlabelled`` images without labels."""
    places = torch.stack(torch.meshgrid(*2 * [torch.arange(SIZE)], indexing="ij"), -1).float()
    points = torch.rand(BATCH, segments, 2) * SIZE
    cells = torch.stack([torch.cdist(places.flatten(0, 1), p).argmin(1) for p in points])
    names = torch.randint(1, CLASSES, (BATCH,))
    inside = ((places - SIZE / 2).abs() < SIZE / 4).all(-1)
    labels = torch.where(inside, names[:, None, None], 0)
    labels[BATCH - unlabelled :] = IGNORE
    return {
        "images": torch.randint(0, 256, (BATCH, 3, SIZE, SIZE), dtype=torch.uint8),
        "segments": cells.view(BATCH, SIZE, SIZE),
        "labels": labels,
        "tags": nn.functional.one_hot(names, CLASSES).bool(),
    }


def training_step(model: nn.Module, batch: Batch, params: ContrastiveParams) -> Step:
    """One step of optimisation: loss, gradients, new weights."""
    optimiser = torch.optim.SGD(model.parameters(), lr=8e-4, momentum=0.9, weight_decay=5e-4)

    def step() -> None:
        loss = contrastive_loss(params, model, batch)
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimiser.step()
        loss.item()  # waits for the device

    return step


def medians(steps: Mapping[str, Step], repeats: int) -> dict[str, float]:
    """Median seconds of each of several steps, which take turns."""
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for repeat in range(repeats + 1):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            if repeat > 0:  # the first one finds memory and algorithms
                taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in taken.items()}


def measure(
    backbone: BackboneName, width: int, segments: int, repeats: int, device: torch.device
) -> dict[str, float]:
    """Seconds of both steps, their ratio, and the numbers of pixels and clusters."""
    network = SegmenterParams(backbone=backbone, two_stream=TwoStreamParams(width=width))
    model = channels_last(build_segmenter(network, CLASSES).to(device)).train()
    made_up = made_up_batch(segments, unlabelled=BATCH // 4)
    batch = {key: channels_last(tensor.to(device)) for key, tensor in made_up.items()}
    whole = ContrastiveParams()
    none = whole.relations.model_copy(update={"weight": WeightParams(cam=0, edge=0, tag=0)})
    steps = {
        "cross_entropy": training_step(model, batch, whole.model_copy(update={"relations": none})),
        "relations": training_step(model, batch, whole),
    }
    found = medians(steps, repeats) | count(model, batch, whole.relations)
    ratio = found["relations"] / found["cross_entropy"]
    return found | {"ratio": ratio, "width": width, "segments": segments}


@torch.no_grad()
def count(model: nn.Module, batch: Batch, params: RelationParams) -> dict[str, float]:
    """Pixels of a batch that relations look at, and clusters that these make."""
    embeddings = batch_output(model, batch).embeddings
    assert embeddings is not None
    segments, labels = (
        at_positions(batch[k], embeddings.shape[2:]) for k in ("segments", "labels")
    )
    pixels = located(embeddings, segments, labels)
    clusters = region_clusters(pixels, params.clusters, params.iterations)
    return {"pixels": len(pixels.images), "clusters": len(clusters.images)}


def main() -> None:
    """Measure each backbone and keep its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--backbones", nargs="+", default=["small_resnet"], choices=get_args(BackboneName)
    )
    parser.add_argument("--width", type=int, default=64, help="channels of the embeddings")
    parser.add_argument("--segments", type=int, default=40, help="edge segments of an image")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    results = read_json(OUT) if OUT.is_file() else {}
    for backbone in arguments.backbones:
        make_reproducible(0, arguments.threads)
        device = torch.device(arguments.device)
        figures = measure(backbone, arguments.width, arguments.segments, arguments.repeats, device)
        results[backbone] = figures | {"threads": arguments.threads, "device": device.type}
        write_json(OUT, results)
        print(backbone, {k: round(v, 3) for k, v in figures.items()}, flush=True)


if __name__ == "__main__":
    main()
