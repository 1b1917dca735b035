"""Training batches, each a pure function of seed and step.

No state runs from batch to batch: a resumed training sees the batches it would have seen, and the
number of worker processes or devices changes nothing.
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from pipeline.runtime.reproducible import derive_seed

Batch = dict[str, Tensor]


class Batches(Dataset[Batch]):
    """Item ``step`` is the batch of that step, or this process's share of it.

    Attributes:
        seed: with the step it fixes the batch.
        size: samples in a batch, over all devices.
        rank, world: which of how many processes this one is.
    """

    def __init__(self, seed: int, size: int) -> None:
        self.seed = seed
        self.size = size
        self.rank, self.world = 0, 1

    @abstractmethod
    def __getitem__(self, step: int) -> Batch:
        """Tensors by name, with a batch axis."""


class SampledBatches(Batches):
    """Samples that are drawn on their own: the seed, the step and its position fix each.

    Of each batch a process has the positions rank, rank + world, ...
    """

    @abstractmethod
    def sample(self, rng: np.random.Generator) -> Batch:
        """Draw one sample; tensors without a batch axis."""

    def sample_at(self, position: int, rng: np.random.Generator) -> Batch:
        """Draw the sample at a position of the batch, 0..size-1; here all are alike."""
        return self.sample(rng)

    def __getitem__(self, step: int) -> Batch:
        """The samples of this process, stacked."""
        samples = [
            self.sample_at(position, np.random.default_rng(derive_seed(self.seed, step, position)))
            for position in range(self.rank, self.size, self.world)
        ]
        return {key: torch.stack([s[key] for s in samples]) for key in samples[0]}
