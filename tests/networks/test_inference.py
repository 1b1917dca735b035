from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pipeline.networks.inference import (
    Decoding,
    clip_tensor,
    frames_tensor,
    margin_and_class,
    segment_frames,
    share_probs,
)
from pipeline.networks.segmenters import SegmenterParams, build_segmenter

# probabilities of background and three classes at two pixels, as logits
PROBS = [[0.4, 0.35], [0.3, 0.05], [0.1, 0.25], [0.2, 0.35]]
LOGITS = torch.tensor(PROBS).log()[None, :, None, :] + 1.7  # 1 4 1 2


def test_foreground_rule_by_hand() -> None:
    margin, chosen = margin_and_class(LOGITS, Decoding("foreground", [2, 3]))
    # all classes together against the background, allowed or not
    expected = [math.log(0.6 / 0.4), math.log(0.65 / 0.35)]
    assert margin[0, 0].tolist() == pytest.approx(expected, abs=1e-5)
    assert torch.equal(chosen, LOGITS[:, 2:])


def test_argmax_rule_by_hand() -> None:
    margin, chosen = margin_and_class(LOGITS, Decoding("argmax", [1, 2]))
    expected = [math.log(0.3 / 0.4), math.log(0.25 / 0.35)]  # the best of the two
    assert margin[0, 0].tolist() == pytest.approx(expected, abs=1e-5)
    assert torch.equal(chosen, LOGITS[:, 1:3])


def test_all_allowed() -> None:
    margin, chosen = margin_and_class(LOGITS, Decoding("argmax"))
    assert margin[0, 0].tolist() == pytest.approx([math.log(0.3 / 0.4), 0.0], abs=1e-5)
    assert torch.equal(chosen, LOGITS[:, 1:])


class Fixed(nn.Module):
    """Logits at half the resolution, that depend on the frame's brightness."""

    num_classes = 4

    def __init__(self) -> None:
        super().__init__()
        self.device = nn.Parameter(torch.zeros(1))
        self.batches: list[int] = []

    def normalise(self, x: Tensor) -> Tensor:
        return x / 255

    def coarse_logits(self, x: Tensor, vectors: Tensor | None = None) -> Tensor:
        self.batches.append(len(x))
        logits = torch.zeros(len(x), 4, x.shape[2] // 2, x.shape[3] // 2)
        logits[:, 1, :, :2] = 4 * x.mean((1, 2, 3))[:, None, None]
        logits[:, 3, :, 2:] = 2
        logits[:, 2] = 1
        if vectors is not None:
            logits[:, 0] = vectors[:, 0, None, None]
        return logits - 0.5


IMAGES = np.stack([np.full((6, 8, 3), v, np.uint8) for v in (255, 0, 255)])


def test_labels_by_hand() -> None:
    model: Any = Fixed()
    answer = segment_frames(model, IMAGES, Decoding("argmax"))
    assert answer.labels.shape == answer.margin.shape == (3, 6, 8)
    left, right = answer.labels[..., :3], answer.labels[..., 5:]
    assert (left[0] == 1).all() and (left[1] == 2).all() and (right == 3).all()
    assert answer.margin[1, :, 0] == pytest.approx(1.0)
    assert answer.margin[0, :, 0] == pytest.approx(4.0)


def test_only_allowed_labels_are_given() -> None:
    model: Any = Fixed()
    answer = segment_frames(model, IMAGES, Decoding("argmax", (2,)))
    assert (answer.labels == 2).all() and answer.margin == pytest.approx(1.0)
    some = segment_frames(model, IMAGES, Decoding("foreground", (1, 2)))
    assert set(np.unique(some.labels)) == {1, 2}
    # of the foreground rule even the class that is not allowed counts
    odds = math.log(math.exp(2) + math.e + 1)
    assert some.margin[1, :, 7] == pytest.approx(odds)


def test_probabilities_of_tags_by_hand() -> None:
    # the classes 1 and 2 have the logits 0, 1 and the background 0; argmax and all classes' odds
    for margin in (1.0, math.log(2 + math.e)):
        classes = torch.tensor([0.0, 1.0]).reshape(1, 2, 1, 1)
        probs = share_probs(torch.full((1, 1, 1), margin), classes)[0, :, 0, 0]
        odds, bird = math.exp(margin), 1 / (1 + math.e)
        foreground = odds / (1 + odds)
        expected = [1 - foreground, foreground * bird, foreground * (1 - bird)]
        assert probs.tolist() == pytest.approx(expected, abs=1e-6)


def test_nothing_allowed_is_background() -> None:
    model: Any = Fixed()
    for rule in ("foreground", "argmax"):
        answer = segment_frames(model, IMAGES, Decoding(rule, ()))  # type: ignore[arg-type]
        assert answer.labels.shape == (3, 6, 8) and not answer.labels.any()
        assert (answer.margin == -np.inf).all()


def test_batches_change_nothing() -> None:
    model: Any = Fixed()
    whole = segment_frames(model, IMAGES, Decoding("foreground"))
    parts = segment_frames(model, IMAGES, Decoding("foreground"), batch=2)
    assert model.batches == [3, 2, 1]
    assert np.array_equal(whole.labels, parts.labels)
    assert np.array_equal(whole.margin, parts.margin)


def test_each_frame_has_the_vector_of_its_own_clip() -> None:
    model: Any = Fixed()
    vectors = torch.tensor([[0.0], [3.0], [0.5]])
    for batch in (8, 2):
        answer = segment_frames(model, IMAGES, Decoding("argmax"), vectors=vectors, batch=batch)
        assert answer.margin[:, 0, 7] == pytest.approx([2.0, -1.0, 1.5])


def test_argmax_rule_agrees_with_the_network_itself() -> None:
    torch.manual_seed(3)
    model = build_segmenter(SegmenterParams(backbone="small_resnet", rates=(1, 2)), 4).eval()
    images = np.random.default_rng(0).integers(0, 256, (2, 24, 32, 3), dtype=np.uint8)
    # at the resolution of the logits, before they are enlarged
    found = segment_frames(model, images, Decoding("argmax"))
    with torch.no_grad():
        logits = model(model.normalise(torch.from_numpy(images).permute(0, 3, 1, 2).float())).logits
    best = logits.argmax(dim=1).numpy()
    assert (np.where(found.margin > 0, found.labels, 0) == best).mean() > 0.9


def test_tensors_have_channels_first() -> None:
    images = np.arange(2 * 3 * 4 * 3, dtype=np.uint8).reshape(2, 3, 4, 3)
    frames = frames_tensor(images[:, :, ::-1], torch.device("cpu"))
    assert frames.shape == (2, 3, 3, 4) and frames.dtype == torch.float32
    assert frames[1, 2, 0, 3] == images[1, 0, 0, 2]
    clip = clip_tensor(images, torch.device("cpu"))
    assert clip.shape == (1, 3, 2, 3, 4) and clip[0, 2, 1, 0, 3] == images[1, 0, 3, 2]
