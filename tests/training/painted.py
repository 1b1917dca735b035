"""Segmenters whose answers are given, and labels to hold them against."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from pipeline.artifacts.label_maps import LabelMaps
from tests.tiny import TAXONOMY, TinyVideo

DOG = next(t for t in TAXONOMY.pairs if t[0] == "dog")
VIDEOS = {"t": TinyVideo("train", frozenset([DOG])), "v": TinyVideo("val", frozenset([DOG]))}


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
