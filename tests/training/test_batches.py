from __future__ import annotations

import numpy as np
import pytest
import torch

from pipeline.training.batches import Batch, SampledBatches


class Draws(SampledBatches):
    def sample(self, rng: np.random.Generator) -> Batch:
        return {"x": torch.tensor(rng.random(2)), "n": torch.tensor(int(rng.integers(1000)))}


def share(seed: int, step: int, rank: int, world: int) -> Batch:
    batches = Draws(seed, 7)
    batches.rank, batches.world = rank, world
    return batches[step]


def test_a_batch_depends_on_seed_and_step_only() -> None:
    forward, backward = Draws(3, 7), Draws(3, 7)
    later, *_ = (backward[step] for step in (5, 1, 0))
    for step in range(5):
        forward[step]
    assert torch.equal(forward[5]["x"], later["x"]) and torch.equal(forward[5]["n"], later["n"])
    assert forward[5]["x"].shape == (7, 2)
    assert not torch.equal(forward[4]["x"], later["x"])
    assert not torch.equal(Draws(4, 7)[5]["x"], later["x"])


def test_samples_of_a_batch_differ() -> None:
    assert len({tuple(row) for row in Draws(3, 7)[0]["x"].tolist()}) == 7


@pytest.mark.parametrize("world", [2, 3])
def test_the_ranks_shares_make_up_the_batch(world: int) -> None:
    whole = share(3, 2, 0, 1)
    for rank in range(world):
        part = share(3, 2, rank, world)
        assert torch.equal(part["x"], whole["x"][rank::world])
        assert torch.equal(part["n"], whole["n"][rank::world])
