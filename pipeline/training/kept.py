"""Decoded frames and maps, kept for the next draw.

A training draws from its frames at random, again and again. Decoding is a good part of preparing a
batch, and on a CPU it takes cores that the step before needs (``benchmarks/kept_frames.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import numpy.typing as npt

LIMIT = 2**28  # bytes; of each process that prepares batches


class Kept:
    """A function that reads arrays, and reads none twice as far as ``limit`` bytes go.

    What comes first stays. Random draws ask for all alike, so that giving up one for another, as
    caches do, would gain nothing.

    Args:
        read: gives the same array for the same arguments, all of which are hashable.
        limit: bytes of all arrays that are kept.
    """

    def __init__(self, read: Callable[..., npt.NDArray[Any]], limit: int = LIMIT) -> None:
        self.read = read
        self.free = limit
        self.arrays: dict[tuple[Hashable, ...], npt.NDArray[Any]] = {}

    def __call__(self, *key: Hashable) -> npt.NDArray[Any]:
        """The array, read-only."""
        array = self.arrays.get(key)
        if array is None:
            array = self.read(*key)
            array.setflags(write=False)
            if array.nbytes <= self.free:
                self.free -= array.nbytes
                self.arrays[key] = array
        return array
