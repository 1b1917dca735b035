"""Attention maps at the size of the frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

MapStack = npt.NDArray[np.float32]


def at_full_size(
    maps: Sequence[npt.NDArray[np.floating[Any]]], height: int, width: int
) -> MapStack:
    """Maps h w of any resolution to C H W in [0, 1]: bilinear, each scaled by its maximum."""
    full = np.zeros((len(maps), height, width), np.float32)
    for row, small in zip(full, maps, strict=True):
        row[:] = cv2.resize(
            np.asarray(small, np.float32), (width, height), interpolation=cv2.INTER_LINEAR
        )
        peak = float(row.max())
        if peak > 0:
            row /= peak
    return full
