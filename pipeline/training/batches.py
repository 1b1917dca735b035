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
    """A fixed number of batches; item ``step`` is the whole batch of that step.

    Attributes:
        seed: with the step and the position in the batch it fixes each sample.
        size: samples in a batch, over all devices.
        rank, world: this process's share: positions rank, rank + world, ... of each batch.
    """

    def __init__(self, seed: int, size: int) -> None:
        self.seed = seed
        self.size = size
        self.rank, self.world = 0, 1

    @abstractmethod
    def sample(self, rng: np.random.Generator) -> Batch:
        """Draw one sample; tensors without a batch axis."""

    def sample_at(self, position: int, rng: np.random.Generator) -> Batch:
        """Draw the sample at a position of the batch, 0..size-1; here all are alike."""
        return self.sample(rng)

    def __getitem__(self, step: int) -> Batch:
        samples = [
            self.sample_at(position, np.random.default_rng(derive_seed(self.seed, step, position)))
            for position in range(self.rank, self.size, self.world)
        ]
        return {key: torch.stack([s[key] for s in samples]) for key in samples[0]}
