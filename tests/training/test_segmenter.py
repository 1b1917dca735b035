from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.networks.base import SegmenterOutput
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params
from pipeline.training.segmenter import TrainSegmenterParams, segmenter_loss
from pipeline.training.video_segmenter import SegmenterBatches, adapted
from tests.tiny import DOG, TAXONOMY, images, label_map, write_frames, write_labels

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

    def forward(self, x: Tensor, vectors: Tensor | None = None) -> SegmenterOutput:
        return SegmenterOutput(self.bias[None, :, None, None].expand(len(x), 2, *x.shape[2:]))


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


def test_half_of_a_batch_by_hand() -> None:
    model = Constant()
    batch = {
        "images": torch.zeros(3, 3, 1, 2, dtype=torch.uint8),
        "labels": torch.tensor([[[1, 1]], [[0, 255]], [[0, 1]]]),
        "still": torch.tensor([True, False, False]),
    }
    # probabilities 1/4 and 3/4; L_I: two pixels of 1; L_V: 0, 0 and 1 of three
    expected = math.log(4 / 3) + (2 * math.log(4) + math.log(4 / 3)) / 3
    assert segmenter_loss(model, batch).item() == pytest.approx(expected)
    alone = {**batch, "still": torch.tensor([True, True, True])}
    without = {k: v for k, v in batch.items() if k != "still"}
    assert segmenter_loss(model, alone).item() == pytest.approx(
        segmenter_loss(model, without).item()
    )
    ignored = {**batch, "labels": torch.tensor([[[1, 1]], [[255, 255]], [[255, 255]]])}
    assert segmenter_loss(model, ignored).item() == pytest.approx(math.log(4 / 3))


def with_stills(folder: Path) -> tuple[Frames, LabelMaps]:
    """A video "v" of three frames and the still images "s" and "t", with their labels."""
    pictures = images(5, 32, 40, seed=3)
    parts = {"s": [0], "t": [1], "v": [2, 3, 4]}
    rows = []
    for video, which in parts.items():
        shown = {i: pictures[n] for i, n in enumerate(which)}
        Frames.write(folder / "frames", video, shown, list(shown), "png")
        LabelMaps.write(
            folder / "pa",
            video,
            {i: label_map(3, n, 32, 40) for i, n in zip(shown, which, strict=True)},
        )
        rows.append(
            {"video": video, "rows": len(which), "split": "train", "height": 32, "width": 40}
        )
    Frames.write_index(folder / "frames", rows, {v: [DOG] for v in parts}, TAXONOMY)
    LabelMaps.write_index(folder / "pa", rows, {"version": "v0"})
    return Frames(folder / "frames"), LabelMaps(folder / "pa")


KEYS = [("s", 0), ("t", 0), ("v", 0), ("v", 1), ("v", 2)]


@pytest.mark.parametrize("share, stills", [(0.5, 6), (0.25, 3), (0.01, 1), (0.99, 11)])
def test_a_part_of_every_batch_is_still_images(tmp_path: Path, share: float, stills: int) -> None:
    frames, labels = with_stills(tmp_path)
    values = {**VALUES, "still_images": {"share": share}}
    values["fit"] = {**VALUES["fit"], "batch": 12}
    params = parse_params(TrainSegmenterParams, values, "train_segmenter")
    batches = SegmenterBatches(frames, labels, KEYS, params, seed=1)
    shown = set()
    for step in range(4):
        batch = batches[step]
        assert batch["still"].tolist() == [True] * stills + [False] * (12 - stills)
        for image, label, still in zip(
            batch["images"], batch["labels"], batch["still"], strict=True
        ):
            picture = image.permute(1, 2, 0).numpy()
            (key,) = [k for k in KEYS if np.array_equal(frames.image(*k), picture)]
            assert frames.is_still(key[0]) == bool(still)
            assert np.array_equal(labels.labels(*key), label.numpy())
            shown.add(key)
    assert len(shown) >= 3
    batches.rank, batches.world = 1, 2  # each device has its part of both
    assert batches[0]["still"].sum() == stills // 2


def test_a_batch_of_one_has_no_two_parts(tmp_path: Path) -> None:
    frames, labels = with_stills(tmp_path)
    values = {**VALUES, "still_images": {}, "fit": {**VALUES["fit"], "batch": 1}}
    params = parse_params(TrainSegmenterParams, values, "train_segmenter")
    with pytest.raises(InputError, match=r"needs train_segmenter\.fit\.batch of 2 or more"):
        SegmenterBatches(frames, labels, KEYS, params, seed=1)


def test_adaptation_learns_from_still_images_with_a_smaller_rate(tmp_path: Path) -> None:
    frames, _ = with_stills(tmp_path)
    values = {**VALUES, "still_images": {}, "adaptation": {"lr": 0.2}}
    params = parse_params(TrainSegmenterParams, values, "train_segmenter")
    assert adapted(params, frames, KEYS, "v0") == (params, KEYS)
    own, keys = adapted(params, frames, KEYS, "v1")
    assert keys == KEYS[:2]
    assert own.fit.lr == pytest.approx(0.02) and params.fit.lr == 0.1
    assert own.still_images is None and own.fit.steps == params.fit.steps
    plain = params.model_copy(update={"adaptation": None})
    assert adapted(plain, frames, KEYS, "v1") == (plain, KEYS)


def test_one_kind_of_frames_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    frames, _ = with_stills(tmp_path)
    values = {**VALUES, "still_images": {}, "adaptation": {"lr": 0.2}}
    params = parse_params(TrainSegmenterParams, values, "train_segmenter")
    caplog.set_level("INFO")
    own, keys = adapted(params, frames, KEYS[2:], "v0")
    assert keys == KEYS[2:] and own.still_images is None and own.fit == params.fit
    assert "still_images: video frames are all that is trained on" in caplog.text
    own, keys = adapted(params, frames, KEYS[2:], "v1")
    assert keys == KEYS[2:] and own.fit.lr == pytest.approx(0.02)


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
        ({"ric": {"share": 1}}, r"unknown parameter train_segmenter\.ric\.share; allowed"),
        ({"still_images": {"share": 1}}, r"train_segmenter\.still_images\.share = 1"),
        ({"adaptation": {"lr": 0}}, r"train_segmenter\.adaptation\.lr = 0"),
        ({"weights": {"source": "file"}}, r"train_segmenter\.weights: path must be given"),
    ],
)
def test_refuses(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_params(TrainSegmenterParams, {**VALUES, **change}, "train_segmenter")
