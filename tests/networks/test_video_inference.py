from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from pipeline.artifacts.frames import Frames
from pipeline.datasets.clips import ClipInput, ClipParams
from pipeline.networks.inference import Rule
from pipeline.networks.video_inference import (
    clip_vectors,
    segment_video,
    segment_videos,
)
from tests.tiny import TAXONOMY, TinyVideo, write_frames

COUNT = 12


class Watching(nn.Module):
    """A segmenter whose class follows the mean brightness of the clip around the frame."""

    num_classes = 4

    def __init__(self, clip: ClipInput | None) -> None:
        super().__init__()
        self.device = nn.Parameter(torch.zeros(1))
        self.clip_input = clip
        self.clips: list[list[float]] = []

    def normalise(self, x: Tensor) -> Tensor:
        return x

    def encode_clips(self, clips: Tensor) -> Tensor:
        shown = clips[0, 0].mean((1, 2))
        self.clips.append(shown.tolist())
        return shown.mean().reshape(1, 1)

    def coarse_logits(self, x: Tensor, vectors: Tensor | None = None) -> Tensor:
        logits = torch.zeros(len(x), 4, *x.shape[2:])
        logits[:, 1] = x[:, 0]
        logits[:, 2] = 0.0 if vectors is None else vectors[:, 0, None, None] + 0.5
        return logits


@pytest.fixture
def frames(tmp_path: Path) -> Frames:
    """Frame number n of the video "v" is n everywhere; every third one is stored."""

    def picture(n: int) -> npt.NDArray[np.uint8]:
        return np.full((6, 8, 3), n, np.uint8)

    stored = {n: picture(n) for n in range(0, 3 * COUNT, 3)}
    Frames.write(tmp_path, "v", stored, [0, 15, 33], "png")
    rows = [{"video": "v", "rows": COUNT, "split": "train", "height": 6, "width": 8}]
    Frames.write_index(tmp_path, rows, {"v": []}, TAXONOMY)
    return Frames(tmp_path)


def test_the_clip_lies_around_the_frame(frames: Frames) -> None:
    model: Any = Watching(ClipInput(clip=ClipParams(frames=2, step=2)))
    vectors = clip_vectors(model, frames, "v", [0, 3, 15, 33])
    # positions 0, 1, 5, 11 of 12; a clip spans 4: it starts at 0, 0, 3, 8 and shows every second
    assert model.clips == [[0, 6], [9, 15], [24, 30]]
    assert vectors is not None and vectors[:, 0].tolist() == [3, 3, 12, 27]
    answer = segment_video(model, frames, "v", [33, 15], None, "argmax")
    # frame 33 against its clip's 27.5, frame 15 against 12.5
    assert answer.labels[:, 2, 3].tolist() == [1, 1]
    assert answer.margin[:, 2, 3].tolist() == [33, 15]
    first = segment_video(model, frames, "v", [0, 15], [2], "argmax")
    assert first.margin[:, 0, 0].tolist() == [3.5, 12.5]


def test_the_clip_has_the_size_that_was_asked_for(frames: Frames) -> None:
    seen = []

    class Sized(Watching):
        def encode_clips(self, clips: Tensor) -> Tensor:
            seen.append(tuple(clips.shape))
            return super().encode_clips(clips)

    model: Any = Sized(ClipInput(clip=ClipParams(frames=20), side=18))
    vectors = clip_vectors(model, frames, "v", [15])
    assert seen == [(1, 3, 20, 18, 24)]
    # a video shorter than the clip: its last frame goes on
    mean = (sum(range(0, 36, 3)) + 8 * 33) / 20
    assert vectors is not None and vectors.item() == pytest.approx(mean)


def test_a_segmenter_that_looks_at_frames_alone(frames: Frames) -> None:
    model: Any = Watching(None)
    assert clip_vectors(model, frames, "v", [0]) is None
    assert segment_video(model, frames, "v", [3, 0], None, "argmax").margin[:, 0, 0].tolist() == [
        3,
        0,
    ]
    assert model.clips == []


@pytest.mark.parametrize("rule", ["argmax", "foreground"])
def test_videos_that_are_alike_go_through_the_network_together(tmp_path: Path, rule: Rule) -> None:
    bird, dog = (next(t for t in TAXONOMY.pairs if t[0] == name) for name in ("bird", "dog"))
    tags = {"a": bird, "b": dog, "c": bird, "d": bird, "e": bird}
    videos = {v: TinyVideo("train", frozenset([tag])) for v, tag in tags.items()}
    frames = write_frames(tmp_path, videos, count=6, keys=(1, 3), size=(6, 8))
    seen = []

    class Counting(Watching):
        def coarse_logits(self, x: Tensor, vectors: Tensor | None = None) -> Tensor:
            seen.append(len(x))
            return super().coarse_logits(x, vectors)

    model: Any = Counting(ClipInput(clip=ClipParams(frames=2)))
    numbers = {"a": [1, 3], "b": [5], "c": [0], "d": [2, 4], "e": [3]}
    found = dict(segment_videos(model, frames, numbers, rule, batch=3))
    assert seen == [3, 3, 1]  # a and c, d and e, b alone
    for video, tag in tags.items():
        own = segment_video(model, frames, video, numbers[video], [TAXONOMY.label(tag)], rule)
        assert np.array_equal(found[video].margin, own.margin)
        assert np.array_equal(found[video].labels, own.labels)


def test_logits_are_kept_for_videos_of_several_tags(tmp_path: Path) -> None:
    first, second, third = TAXONOMY.pairs
    videos = {
        "a": TinyVideo("train", frozenset([first, third])),
        "b": TinyVideo("train", frozenset([second])),
        "c": TinyVideo("train", frozenset([first, third])),  # goes through the network with a
    }
    frames = write_frames(tmp_path, videos, count=6, keys=(1, 3), size=(6, 8))
    model: Any = Watching(ClipInput(clip=ClipParams(frames=2)))
    numbers = {"a": [1, 3], "b": [5], "c": [0, 4, 5]}
    found = dict(segment_videos(model, frames, numbers, "argmax", keep_classes=True))
    assert found["b"].classes is None
    for video in ("a", "c"):
        parts = (model, frames, video, numbers[video], [1, 3], "argmax")
        own, kept = segment_video(*parts, keep_classes=True).classes, found[video].classes
        assert kept is not None and kept.shape == (len(numbers[video]), 2, 6, 8)
        assert np.array_equal(kept, own)
        assert np.array_equal(np.array([1, 3])[kept.argmax(1)], found[video].labels)
    assert dict(segment_videos(model, frames, numbers, "argmax"))["a"].classes is None
