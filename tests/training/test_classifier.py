from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pipeline.artifacts.frames import Frames
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params
from pipeline.training.classifier import ClassifierParams, classifier_loss
from pipeline.training.optimisation import FitParams
from pipeline.training.video_classifier import (
    ClassifierBatches,
    LabelledVideo,
    accuracy,
    labelled_videos,
    video_logits,
)
from tests.tiny import FLYING, TAXONOMY, VIDEOS, images, write_frames

FIT = {"epochs": 1, "steps": 1, "batch": 2, "lr": 0.1}
STILL: dict[str, Any] = {"network": "small_resnet", "augment": {"flip": False}, "fit": FIT}
CLIPS: dict[str, Any] = {**STILL, "network": "small_3d", "clip": {"frames": 2}}


def params(values: dict[str, Any], **changes: Any) -> ClassifierParams:
    return parse_params(ClassifierParams, {**values, **changes}, "classifier")


@pytest.fixture
def frames(tmp_path: Path) -> Frames:
    return write_frames(tmp_path)


def test_sets_of_softmax_and_sigmoid(frames: Frames) -> None:
    classes = ["bird", "dog", "nothing"]
    softmax = labelled_videos(frames, "train", "actor", classes, params(STILL))
    assert [(v.id, v.classes) for v in softmax] == [("a", (0,)), ("b", (1,)), ("d", (2,))]
    sigmoid = labelled_videos(frames, "train", "actor", classes, params(STILL, loss="sigmoid"))
    assert [(v.id, v.classes) for v in sigmoid] == [
        ("a", (0,)),
        ("b", (1,)),
        ("c", (0, 1)),
        ("d", (2,)),
    ]
    walking = labelled_videos(frames, "train", "action", ["flying", "walking"], params(STILL))
    assert [(v.id, v.classes) for v in walking] == [("a", (0,)), ("b", (1,)), ("c", (1,))]


def which_frame(picture: Tensor) -> tuple[str, int]:
    """The video and frame number that a sample 3 H W shows."""
    for i, video in enumerate(VIDEOS):
        for n, image in enumerate(images(4, 32, 40, seed=i)):
            if np.array_equal(picture.permute(1, 2, 0).numpy(), image):
                return video, n
    raise AssertionError("no such frame")


def test_batches_draw_classes_evenly_and_every_frame(frames: Frames) -> None:
    videos = [LabelledVideo("a", (0,)), LabelledVideo("b", (1,)), LabelledVideo("e", (1,))]
    batches = ClassifierBatches(frames, videos, 3, params(STILL, fit={**FIT, "batch": 120}), 0)
    batch = batches[0]
    assert batch["images"].shape == (120, 3, 32, 40) and batch["images"].dtype == torch.uint8
    shown = [which_frame(picture) for picture in batch["images"]]
    targets = {"a": [1, 0, 0], "b": [0, 1, 0], "e": [0, 1, 0]}
    assert batch["target"].tolist() == [targets[video] for video, _ in shown]
    count = Counter(video for video, _ in shown)
    assert 45 <= count["a"] <= 75  # half of the samples, although a third of the videos
    assert {n for _, n in shown} == {0, 1, 2, 3}


def test_clips_of_a_batch_are_consecutive_frames_of_one_video(frames: Frames) -> None:
    videos = [LabelledVideo("a", (0,)), LabelledVideo("c", (0, 1))]
    own = params(CLIPS, loss="sigmoid", fit={**FIT, "batch": 30})
    batch = ClassifierBatches(frames, videos, 2, own, 0)[0]
    assert batch["images"].shape == (30, 3, 2, 32, 40)
    starts = set()
    for clip, target in zip(batch["images"], batch["target"], strict=True):
        (video, first), (same, second) = which_frame(clip[:, 0]), which_frame(clip[:, 1])
        assert video == same and second == first + 1
        assert target.tolist() == ([1, 0] if video == "a" else [1, 1])
        starts.add(first)
    assert starts == {0, 1, 2}


def test_side_resizes_before_the_crop(frames: Frames) -> None:
    videos = [LabelledVideo("a", (0,))]
    batch = ClassifierBatches(frames, videos, 1, params(STILL, side=16), 0)[0]
    assert batch["images"].shape == (2, 3, 16, 20)


def test_nothing_to_train_on(frames: Frames) -> None:
    with pytest.raises(InputError, match="nothing to train on"):
        ClassifierBatches(frames, [], 2, params(STILL), 0)


class Brightness(nn.Module):
    """Logits from the mean of the input, which is 1 for bright 255."""

    def __init__(self, slopes: list[float]) -> None:
        super().__init__()
        self.slopes = nn.Parameter(torch.tensor(slopes))

    def normalise(self, x: Tensor) -> Tensor:
        return x / 255

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1).mean(1, keepdim=True) * self.slopes


def test_losses_by_hand() -> None:
    model = Brightness([2.0, 0.0])
    bright = torch.full((1, 3, 4, 4), 255, dtype=torch.uint8)
    batch = {"images": bright, "target": torch.tensor([[0.0, 1.0]])}
    e2 = math.exp(2)
    assert classifier_loss("softmax", model, batch).item() == pytest.approx(math.log(e2 + 1))
    # sigmoid: target 0 at logit 2, target 1 at logit 0
    expected = (math.log(1 + e2) + math.log(2)) / 2
    assert classifier_loss("sigmoid", model, batch).item() == pytest.approx(expected)


class Reads(nn.Module):
    """Says class 0 for inputs whose mean is below a limit, else class 1."""

    def __init__(self, limit: float) -> None:
        super().__init__()
        self.limit = nn.Parameter(torch.tensor(limit))

    def normalise(self, x: Tensor) -> Tensor:
        return x

    def forward(self, x: Tensor) -> Tensor:
        low = (x.flatten(1).mean(1) < self.limit).float()
        return torch.stack([low, 1 - low], dim=1)


def write_grey(folder: Path, levels: dict[str, list[int]]) -> Frames:
    rows = []
    for video, greys in levels.items():
        pictures = {n: np.full((16, 16, 3), g, np.uint8) for n, g in enumerate(greys)}
        Frames.write(folder, video, pictures, range(0, len(greys), 2), "png")
        row = {"video": video, "rows": len(greys), "split": "val", "height": 16, "width": 16}
        rows.append(row)
    Frames.write_index(folder, rows, {v: [FLYING] for v in levels}, TAXONOMY)
    return Frames(folder)


def test_accuracy_of_frames_counts_key_frames(tmp_path: Path) -> None:
    grey = write_grey(tmp_path, {"x": [10, 250, 10, 250, 200], "y": [90, 0]})
    model: Any = Reads(100.0)
    logits = video_logits(model, grey, "x", params(STILL))
    assert logits.argmax(1).tolist() == [0, 0, 1]  # frames 0, 2, 4
    videos = [LabelledVideo("x", (0,)), LabelledVideo("y", (1,))]
    assert accuracy(model, grey, videos, params(STILL)) == pytest.approx(100 * 2 / 4)
    both = [LabelledVideo("x", (0, 1)), LabelledVideo("y", (1,))]
    assert accuracy(model, grey, both, params(STILL)) == pytest.approx(100 * 3 / 4)
    assert accuracy(model, grey, [], params(STILL)) is None


def test_accuracy_of_clips_counts_clips(tmp_path: Path) -> None:
    grey = write_grey(tmp_path, {"x": [10, 10, 20, 240, 240]})  # clips 0-1, 2-3, 3-4
    model: Any = Reads(100.0)
    assert video_logits(model, grey, "x", params(CLIPS)).argmax(1).tolist() == [0, 1, 1]
    found = accuracy(model, grey, [LabelledVideo("x", (1,))], params(CLIPS))
    assert found == pytest.approx(100 * 2 / 3)


@pytest.mark.parametrize(
    "values, message",
    [
        (
            {**STILL, "network": "small"},
            r"parameter classifier\.network = 'small': input should be",
        ),
        ({**STILL, "clip": {"frames": 4}}, r"small_resnet takes single frames: set clip to null"),
        ({**CLIPS, "clip": None}, r"small_3d takes clips: set clip"),
        ({**CLIPS, "clip": {"frames": 0}}, r"parameter classifier\.clip\.frames = 0"),
        ({**STILL, "side": 8}, r"parameter classifier\.side = 8"),
        ({**STILL, "fit": {**FIT, "lr": "fast"}}, r"parameter classifier\.fit\.lr = 'fast'"),
    ],
)
def test_refuses(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        params(values)
    assert "\n" not in str(error.value)


def test_fit_params_are_the_loops() -> None:
    assert params(STILL).fit == FitParams(epochs=1, steps=1, batch=2, lr=0.1)
