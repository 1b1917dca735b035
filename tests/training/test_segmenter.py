from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params
from pipeline.training.segmenter import (
    SegmenterBatches,
    TrainSegmenterParams,
    segmenter_loss,
)
from tests.tiny import write_frames, write_labels

VALUES: dict[str, Any] = {
    "network": {"backbone": "small_resnet"},
    "augment": {"crop": [32, 40], "flip": False},
    "fit": {"epochs": 1, "steps": 1, "batch": 60, "lr": 0.1},
}


class Constant(nn.Module):
    """The same logits at every pixel; one of them can be learned."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.tensor([0.0, math.log(3)]))

    def normalise(self, x: Tensor) -> Tensor:
        return x

    def forward(self, x: Tensor) -> Tensor:
        return self.bias[None, :, None, None].expand(len(x), 2, *x.shape[2:])


def loss_of(labels: list[list[int]]) -> tuple[float, list[float]]:
    model = Constant()
    batch = {
        "images": torch.zeros(1, 3, len(labels), len(labels[0]), dtype=torch.uint8),
        "labels": torch.tensor([labels]),
    }
    loss = segmenter_loss(model, batch)
    loss.backward()
    assert model.bias.grad is not None
    return loss.item(), model.bias.grad.tolist()


def test_ignored_pixels_do_not_count() -> None:
    # probabilities 1/4 and 3/4: two pixels of label 1, one of label 0, three ignored
    value, gradient = loss_of([[1, 255, 0], [255, 1, 255]])
    assert value == pytest.approx((2 * math.log(4 / 3) + math.log(4)) / 3)
    assert gradient == pytest.approx([(3 * 0.25 - 1) / 3, (3 * 0.75 - 2) / 3], abs=1e-6)
    more, _ = loss_of([[1, 0], [1, 255]])
    assert more == pytest.approx(value)


def test_a_batch_of_ignored_pixels_moves_nothing() -> None:
    assert loss_of([[255, 255]]) == (0.0, [0.0, 0.0])


def test_batches_show_the_selected_frames_with_their_labels(tmp_path: Path) -> None:
    frames = write_frames(tmp_path / "frames")
    labels = write_labels(tmp_path / "pa", frames)
    keys = [("a", 3), ("b", 1)]
    params = parse_params(TrainSegmenterParams, VALUES, "train_segmenter")
    batch = SegmenterBatches(frames, labels, keys, params, seed=1)[0]
    assert batch["images"].shape == (60, 3, 32, 40) and batch["images"].dtype == torch.uint8
    assert batch["labels"].shape == (60, 32, 40) and batch["labels"].dtype == torch.int64
    expected = [(frames.image(*k), labels.labels(*k)) for k in keys]
    shown = []
    for image, label in zip(batch["images"], batch["labels"], strict=True):
        picture = image.permute(1, 2, 0).numpy()
        (which,) = [i for i, (e, _) in enumerate(expected) if np.array_equal(e, picture)]
        assert np.array_equal(expected[which][1], label.numpy())
        shown.append(which)
    assert 15 <= sum(shown) <= 45


def test_nothing_selected(tmp_path: Path) -> None:
    frames = write_frames(tmp_path / "frames")
    labels = write_labels(tmp_path / "pa", frames)
    params = parse_params(TrainSegmenterParams, VALUES, "train_segmenter")
    with pytest.raises(InputError, match="no pseudo-annotation is selected"):
        SegmenterBatches(frames, labels, [], params, seed=1)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"network": {"backbone": "alexnet"}}, r"train_segmenter\.network\.backbone = 'alexnet'"),
        ({"ric": {"weight": -1}}, r"train_segmenter\.ric\.weight = -1"),
        ({"anchor": {"share": 1}}, r"unknown parameter train_segmenter\.anchor\.share; allowed"),
        ({"weights": {"source": "file"}}, r"train_segmenter\.weights = .*: path must be given"),
    ],
)
def test_refuses(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_params(TrainSegmenterParams, {**VALUES, **change}, "train_segmenter")
