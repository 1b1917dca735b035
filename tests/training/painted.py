"""Segmenters whose answers are given, and labels to hold them against."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.prediction.params import PredictionParams
from tests.tiny import TAXONOMY, TinyVideo, write_frames

DOG = next(t for t in TAXONOMY.pairs if t[0] == "dog")
VIDEOS = {"t": TinyVideo("train", frozenset([DOG])), "v": TinyVideo("val", frozenset([DOG]))}
ARGMAX = PredictionParams(rule="argmax")


class Painted(nn.Module):
    """A segmenter whose logits for the dog are given, at any resolution."""

    num_classes = 4
    clip_input = None

    def __init__(self, dog: npt.ArrayLike) -> None:
        super().__init__()
        self.dog = nn.Parameter(torch.as_tensor(np.asarray(dog, np.float32)))

    def normalise(self, x: Tensor) -> Tensor:
        return x

    def coarse_logits(self, x: Tensor, vectors: Tensor | None = None) -> Tensor:
        logits = torch.zeros(len(x), 4, *self.dog.shape)
        logits[:, 1] = 50.0  # a class the video is not tagged with
        logits[:, 3] = self.dog
        return logits


class Nearest(Painted):
    """A given value for each 4 x 4 pixels, without interpolation."""

    def coarse_logits(self, x: Tensor, vectors: Tensor | None = None) -> Tensor:
        small = super().coarse_logits(x)
        return small.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3)


def labels_of(folder: Path, maps: dict[str, dict[int, npt.NDArray[np.uint8]]]) -> LabelMaps:
    rows = [{"video": v, "rows": LabelMaps.write(folder, v, m)} for v, m in maps.items()]
    LabelMaps.write_index(folder, rows, {"version": "v0", "initial_share": 0.25})
    return LabelMaps(folder)


class Leaning(Painted):
    """Two labels on two blocks: label 1 is ahead on both, on the first one more."""

    def coarse_logits(self, x: Tensor, vectors: Tensor | None = None) -> Tensor:
        logits = torch.full((len(x), 4, 8, 16), -20.0)
        logits[:, 0] = 0.0
        logits[:, 1, 0:4, 0:4], logits[:, 1, 0:4, 8:12] = 22.0, 21.0
        logits[:, 2, 0:4, 0:4] = logits[:, 2, 0:4, 8:12] = 20.0
        return logits


def two_tags(folder: Path, split: str) -> tuple[Frames, LabelMaps]:
    """A video of two tags: each label has one of the two blocks that ``Leaning`` sees."""
    videos = {"v": TinyVideo(split, frozenset(TAXONOMY.pairs[:2]))}
    frames = write_frames(folder / "frames", videos, count=4, keys=(1, 3), size=(8, 16))
    annotated = np.zeros((8, 16), np.uint8)
    annotated[0:4, 0:4], annotated[0:4, 8:12] = 1, 2
    return frames, labels_of(folder / "pa", {"v": {1: annotated, 3: annotated}})


class Halves(Painted):
    """Label 1 on the left half, label 2 on the right one, with given margins by column."""

    def coarse_logits(self, x: Tensor, vectors: Tensor | None = None) -> Tensor:
        logits = torch.full((len(x), 4, 8, 16), -50.0)
        logits[:, 0] = 0.0
        logits[:, 1, :, :8], logits[:, 2, :, 8:] = self.dog[:8], self.dog[8:]
        return logits
