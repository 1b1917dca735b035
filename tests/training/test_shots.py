from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.networks.base import SegmenterOutput
from pipeline.prediction.latent_labels import LatentParams
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params
from pipeline.training.segmenter import ObjectiveParams, TrainSegmenterParams
from pipeline.training.shots import latent_batch_labels, latent_loss
from pipeline.training.video_shots import ShotBatches
from tests.tiny import DOG, FLYING, WALKING, TinyVideo, write_frames

VALUES: dict[str, Any] = {
    "network": {"backbone": "small_resnet"},
    "augment": {"crop": [24, 40], "flip": False},
    "fit": {"epochs": 1, "steps": 1, "batch": 6, "lr": 0.1},
}
KEYS = [*(("a", n) for n in (5, 1, 3, 0)), *(("b", n) for n in (2, 4)), ("c", 0), ("s", 0)]


def square(n: int) -> np.ndarray:
    """The square of ``tests.tiny.images`` in frame n."""
    mask = np.zeros((32, 40), bool)
    mask[8:20, 4 + 2 * n : 16 + 2 * n] = True
    return mask


def border(n: int) -> np.ndarray:
    band = np.zeros((32, 40), bool)
    band[8:20, 3 + 2 * n : 6 + 2 * n] = True
    return band


@pytest.fixture
def data(tmp_path: Path) -> tuple[Frames, MotionSegments]:
    videos = {
        "a": TinyVideo("train", frozenset([FLYING])),
        "b": TinyVideo("train", frozenset([FLYING])),
        "c": TinyVideo("train", frozenset([DOG, WALKING])),
    }
    write_frames(tmp_path / "frames", videos, count=6, keys=range(6))
    stills = {
        "s": TinyVideo("train", frozenset([DOG])),
        "t": TinyVideo("val", frozenset([DOG])),
        "u": TinyVideo("train", frozenset()),
    }
    frames = write_both(tmp_path / "frames", videos, stills)
    rows = []
    for video in videos:
        maps = {n: square(n) for n in range(6)}, {n: border(n) for n in range(6)}
        count = MotionSegments.write(tmp_path / "motion", video, *maps)
        rows.append({"video": video, "rows": count})
    MotionSegments.write_index(tmp_path / "motion", rows)
    return frames, MotionSegments(tmp_path / "motion")


def write_both(folder: Path, videos: dict[str, TinyVideo], stills: dict[str, TinyVideo]) -> Frames:
    """Stills beside the videos that are there; the index of both."""
    before = Frames(folder)
    rows = before.index[["video", "rows", "split", "height", "width"]].to_dict("records")
    after = write_frames(folder, stills, count=1, keys=[0])
    rows += after.index[["video", "rows", "split", "height", "width"]].to_dict("records")
    tags = {name: video.tags for name, video in (videos | stills).items()}
    Frames.write_index(folder, rows, tags, after.taxonomy)
    return Frames(folder)


def params(**changes: Any) -> TrainSegmenterParams:
    return parse_params(TrainSegmenterParams, {**VALUES, **changes}, "train_segmenter")


def test_a_batch_is_the_frames_of_one_shot_in_order(data: tuple[Frames, MotionSegments]) -> None:
    frames, motion = data
    batches = ShotBatches(*data, KEYS, params(augment={"crop": [32, 40], "flip": False}), seed=1)
    seen = []
    for step in range(6):
        batch = batches[step]
        image = batch["images"][0].permute(1, 2, 0).numpy()
        (video,) = [
            v for v in "abc" if any(np.array_equal(image, frames.image(v, n)) for n in (0, 2))
        ]
        numbers = {"a": [0, 1, 3, 5], "b": [2, 4], "c": [0]}[video]
        assert not batch["still"].any() and len(batch["images"]) == len(numbers)
        for i, n in enumerate(numbers):
            assert np.array_equal(batch["images"][i].permute(1, 2, 0), frames.image(video, n))
            bits = motion.segment(video, n) + 2 * motion.boundary(video, n)
            assert np.array_equal(batch["motion"][i], bits)
            allowed = frames.taxonomy.labels(frames.tags(video))
            assert torch.nonzero(batch["allowed"][i]).flatten().tolist() == list(allowed)
        seen.append(video)
    # each shot once in three steps, and not always in the same order
    assert sorted(seen[:3]) == sorted(seen[3:]) == ["a", "b", "c"]
    orders = {tuple(len(batches[3 * turn + i]["images"]) for i in range(3)) for turn in range(8)}
    assert len(orders) > 1


def test_a_batch_is_a_function_of_seed_and_step(data: tuple[Frames, MotionSegments]) -> None:
    first, second = (ShotBatches(*data, KEYS, params(), seed=4) for _ in range(2))
    other = ShotBatches(*data, KEYS, params(), seed=5)
    assert all(torch.equal(first[7][key], second[7][key]) for key in first[7])
    assert any(
        first[s]["images"].shape != other[s]["images"].shape
        or not torch.equal(first[s]["images"], other[s]["images"])
        for s in range(3)
    )


def test_a_shot_is_cropped_alike_with_its_motion(data: tuple[Frames, MotionSegments]) -> None:
    crop = {"crop": [20, 24], "flip": True, "hue": 1.0, "scale": [0.7, 1.5]}
    batches = ShotBatches(*data, [("a", 2), ("a", 3)], params(augment=crop), seed=3)
    whole = 0
    for step in range(12):
        batch = batches[step]
        images = batch["images"].permute(0, 2, 3, 1).numpy().astype(int)
        segments = (batch["motion"].numpy() & 1) * (batch["motion"].numpy() != 255)
        for image, segment in zip(images, segments, strict=True):
            if segment.sum() > 40:  # the square is the only bright thing
                bright = image.max(axis=2) > 130
                assert (bright == segment).mean() > 0.9
                whole += 1
        # frame 3's square lies 2 pixels, scaled, to the side of frame 2's
        if segments[0].sum() > 60 and segments[1].sum() > 60:
            shift = segments[1].nonzero()[1].mean() - segments[0].nonzero()[1].mean()
            assert abs(shift) < 4
    assert whole > 8


def test_at_most_a_batch_of_a_shot(data: tuple[Frames, MotionSegments]) -> None:
    fit = {**VALUES["fit"], "batch": 2}
    batches = ShotBatches(*data, [("a", n) for n in range(6)], params(fit=fit), seed=0)
    batch = batches[0]
    assert len(batch["images"]) == 2
    columns = [int(np.flatnonzero((m.numpy() & 1).any(0))[0]) for m in batch["motion"]]
    assert columns[1] - columns[0] == 2 * (4 - 1)  # frames 1 and 4, the middles of the two halves


def test_still_images_beside_a_shot(data: tuple[Frames, MotionSegments]) -> None:
    frames, _ = data
    still = params(still_images={"share": 0.5}, augment={"crop": [32, 40], "flip": False})
    batches = ShotBatches(*data, KEYS, still, seed=2)
    assert batches.stills == ["s"]  # t is for validation, u has no tag
    for step in range(3):
        batch = batches[step]
        assert batch["still"].tolist()[-3:] == [True] * 3 and not batch["still"][:-3].any()
        assert 1 <= len(batch["images"]) - 3 <= 3  # 6 is the batch
        for i in range(-3, 0):
            assert np.array_equal(batch["images"][i].permute(1, 2, 0), frames.image("s", 0))
            assert batch["allowed"][i].tolist() == [False, False, False, True]


def test_label_weights_by_hand(data: tuple[Frames, MotionSegments]) -> None:
    # bird-flying in 4 + 2 frames, bird-walking and dog-walking in 1
    assert ShotBatches(*data, KEYS, params(), 0).label_weights().tolist() == pytest.approx(
        [1, 1 / 6, 1, 1]
    )
    with_stills = ShotBatches(*data, KEYS, params(still_images={"share": 0.5}), 0)
    assert with_stills.label_weights().tolist() == pytest.approx([1, 1 / 6, 1, 1 / 2])
    only_a = ShotBatches(*data, [("a", 0)], params(), 0)
    assert only_a.label_weights().tolist() == [1, 1, 1, 1]


def test_refuses(data: tuple[Frames, MotionSegments]) -> None:
    with pytest.raises(InputError, match="no shot with motion segments is selected"):
        ShotBatches(*data, [("s", 0)], params(), 0)
    batches = ShotBatches(*data, KEYS, params(), 0)
    batches.world = 2
    with pytest.raises(InputError, match=r"set machine\.devices=1"):
        batches[0]


def batch_of(data: tuple[Frames, MotionSegments], **changes: Any) -> dict[str, Tensor]:
    keys = [("a", n) for n in range(4)]
    whole = {"augment": {"crop": [32, 40], "flip": False}, **changes}
    return ShotBatches(*data, keys, params(**whole), seed=0)[0]


def objective(**latent: Any) -> ObjectiveParams:
    return ObjectiveParams(name="latent_labels", latent=LatentParams(**latent))


def test_labels_of_a_batch_follow_the_motion(data: tuple[Frames, MotionSegments]) -> None:
    batch = batch_of(data)
    batch["motion"][:, 8:12] &= 2  # a third of the square was not found to move
    batch["motion"][0, :, 37:] = 255
    latent = {"components": 2, "samples": 100}
    labels = latent_batch_labels(batch, torch.zeros(4, 4, 32, 40), 1.0, objective(**latent))
    expected = np.stack([square(n) for n in range(4)]) * 1
    expected[0, :, 37:] = 255
    assert labels.dtype == torch.int64
    assert (labels.numpy() != expected).mean() < 0.01
    coarse = latent_batch_labels(
        batch, torch.zeros(4, 4, 32, 40), 1.0, objective(**latent, side=20)
    )
    assert coarse.shape == labels.shape and (coarse[0, :, 37:] == 255).all()
    assert (coarse.numpy() != expected).mean() < 0.06
    hard = objective(**latent, motion="hard")
    bits = batch["motion"].numpy()
    found = latent_batch_labels(batch, torch.zeros(4, 4, 32, 40), 1.0, hard).numpy()
    assert np.array_equal(found, np.where(bits == 255, 255, bits & 1))


def test_a_network_that_sees_another_class_sees_no_background(
    data: tuple[Frames, MotionSegments],
) -> None:
    batch = batch_of(data)
    logits = torch.zeros(4, 4, 32, 40)
    logits[:, 1], logits[:, 3] = -4.0, 4.0  # it takes the bird for a dog
    latent = {"components": 1, "samples": 100, "side": 40, "location": 0.0, "smoothness": 0.0}
    segments = torch.from_numpy(np.stack([square(n) for n in range(4)]))
    known = {}
    for rule in ("argmax", "foreground"):
        labels = latent_batch_labels(batch, logits, 1e4, objective(**latent, rule=rule))
        known[rule] = (labels[segments] == 1).float().mean()
    assert known == {"argmax": 0, "foreground": 1}


def test_labels_of_still_images_hold_their_shares(data: tuple[Frames, MotionSegments]) -> None:
    batch = batch_of(data, still_images={"share": 0.4})
    assert batch["still"].tolist() == [False] * 4 + [True] * 2
    torch.manual_seed(0)
    logits = torch.randn(6, 4, 32, 40)
    logits[:, 2] += 50  # a class that none of them is tagged with
    labels = latent_batch_labels(batch, logits, 0.0, objective())
    for still in labels[4:]:
        assert set(still.unique().tolist()) == {0, 3}
        assert (still == 3).float().mean() >= 0.19 and (still == 0).float().mean() >= 0.39


class Constant(nn.Module):
    """The same logits at every pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.tensor([0.0, math.log(3), 0.0, 0.0]))

    def normalise(self, x: Tensor) -> Tensor:
        return x

    def forward(self, x: Tensor, vectors: Tensor | None = None) -> SegmenterOutput:
        return SegmenterOutput(self.bias[None, :, None, None].expand(len(x), 4, *x.shape[2:]))


def test_the_loss_is_weighted_by_label_by_hand(data: tuple[Frames, MotionSegments]) -> None:
    batch = batch_of(data)
    own = objective(motion="hard")
    model = Constant()
    weights = torch.tensor([1.0, 0.25, 1, 1])
    loss = latent_loss(weights, 1.0, own, model, batch)
    # 144 of 1280 pixels are birds, of probability 1/2; background has 1/6
    share = 144 / 1280
    assert loss.item() == pytest.approx(
        (1 - share) * math.log(6) + 0.25 * share * math.log(2), rel=1e-5
    )
    loss.backward()
    assert model.bias.grad is not None
    gradient = (1 - share) * (1 / 2) + 0.25 * share * (1 / 2 - 1)
    assert model.bias.grad[1].item() == pytest.approx(gradient, rel=1e-5)
