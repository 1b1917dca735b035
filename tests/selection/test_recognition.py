from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from pipeline.selection.recognition import recognition


class Red(nn.Module):
    """Class 0 for red, class 1 for blue; notes how many patches came at once."""

    def __init__(self) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(2.0))
        self.batches: list[int] = []

    def normalise(self, x: Tensor) -> Tensor:
        return x / 255

    def forward(self, x: Tensor) -> Tensor:
        self.batches.append(len(x))
        return self.slope * x[:, [0, 2]].mean((2, 3))


def patches_of(colours: list[tuple[int, int, int]]) -> npt.NDArray[np.uint8]:
    return np.stack([np.full((4, 4, 3), c, np.uint8) for c in colours])


def test_recognition_by_hand() -> None:
    model: Any = Red()
    alone = patches_of([(255, 0, 0), (0, 0, 255), (0, 0, 255)])
    probs, named = recognition(model, alone, np.array([0, 0, 1]), batch=2)
    high = 1 / (1 + math.exp(-2))
    assert probs.tolist() == pytest.approx([high, 1 - high, high])
    assert named.tolist() == [True, False, True]
    assert model.batches == [2, 1]


def test_recognition_of_nothing() -> None:
    model: Any = Red()
    probs, named = recognition(model, np.zeros((0, 4, 4, 3), np.uint8), np.zeros(0, np.int64))
    assert probs.shape == named.shape == (0,) and named.dtype == bool
