from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pipeline.runtime.machine import MachineParams
from pipeline.runtime.params import parse_params
from pipeline.training import discriminator
from pipeline.training.discriminator import (
    DiscriminatorParams,
    PatchBatches,
    discriminator_loss,
    scale_patches,
    score_realness,
)

FIT = {"epochs": 1, "steps": 3, "batch": 8, "lr": 0.01}
PARAMS = parse_params(DiscriminatorParams, {"patch": 32, "folds": 3, "fit": FIT}, "discriminator")
VIDEOS = ["v", "w", "v", "x", "y", "x", "z", "y"]
# every patch is of one colour: its place in red, real or fake in green
REAL, FAKE = (
    np.stack([np.full((32, 32, 3), (10 * i, green, 0), np.uint8) for i in range(len(VIDEOS))])
    for green in (255, 0)
)


class Spy(nn.Module):
    """Notes which patches it is trained on and which it scores; real for green."""

    made: ClassVar[list[Spy]] = []

    def __init__(self) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(1.0))
        self.trained: set[tuple[int, int]] = set()
        self.scored: set[tuple[int, int]] = set()
        Spy.made.append(self)

    def forward(self, x: Tensor) -> Tensor:
        pixels = ((x[:, :, 0, 0] + 1) * 127.5).round().int().tolist()
        (self.trained if self.training else self.scored).update((p[0] // 10, p[1]) for p in pixels)
        return self.slope.abs() * x[:, 1].mean((1, 2))


def test_no_patch_is_scored_by_a_network_fitted_to_its_video(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(discriminator, "Discriminator", Spy)
    monkeypatch.setattr(Spy, "made", [])
    probs, told = score_realness(REAL, FAKE, VIDEOS, PARAMS, MachineParams(), seed=2)
    assert len(Spy.made) == 3
    scored = []
    for spy in Spy.made:
        assert spy.trained and spy.scored
        trained = {VIDEOS[place] for place, _ in spy.trained}
        assert not trained & {VIDEOS[place] for place, _ in spy.scored}
        assert {green for _, green in spy.trained} == {0, 255}
        scored += [patch for patch in spy.scored if patch[1] == 0]
    assert sorted(scored) == [(i, 0) for i in range(len(VIDEOS))]  # each once
    assert (probs < 0.5).all() and told == 1.0


def test_folds_are_of_about_equal_size_and_follow_the_seed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(discriminator, "Discriminator", Spy)
    groups = []
    for seed in range(6):
        monkeypatch.setattr(Spy, "made", [])
        score_realness(REAL, FAKE, VIDEOS, PARAMS, MachineParams(), seed=seed)
        folds = [frozenset(VIDEOS[place] for place, _ in spy.scored) for spy in Spy.made]
        assert sorted(len(fold) for fold in folds) == [1, 2, 2]
        groups.append(frozenset(folds))
    assert len(set(groups)) > 1


def test_one_video_can_be_scored_by_nobody() -> None:
    probs, told = score_realness(REAL, FAKE, ["v"] * 8, PARAMS, MachineParams(), seed=0)
    assert (probs == 0.5).all() and np.isnan(told)


def test_a_fold_takes_one_device(monkeypatch: pytest.MonkeyPatch) -> None:
    devices = []
    monkeypatch.setattr(discriminator, "fit", lambda *given: devices.append(given[-1].devices))
    score_realness(REAL, FAKE, VIDEOS, PARAMS, MachineParams(devices=4), seed=0)
    assert devices == [1] * PARAMS.folds


def test_no_patches() -> None:
    probs, told = score_realness(REAL[:0], FAKE[:0], [], PARAMS, MachineParams(), seed=0)
    assert probs.shape == (0,) and np.isnan(told)


def test_it_learns_what_holds_for_all_videos() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 120, (2, 24, 32, 32, 3), dtype=np.uint8)
    noise[0, :, 8:24, 8:24, 0] += 120  # a red square makes it real
    videos = [f"v{i // 4}" for i in range(24)]
    fit = {**FIT, "steps": 40, "batch": 16, "optimiser": "adamw", "lr": 1e-3}
    params = PARAMS.model_copy(
        update={"fit": parse_params(type(PARAMS.fit), {**fit, "policy": "constant"}, "fit")}
    )
    probs, told = score_realness(noise[0], noise[1], videos, params, MachineParams(), seed=0)
    assert told > 0.9 and probs.mean() < 0.3


def test_equal_seeds_give_equal_probabilities() -> None:
    one, other = (score_realness(REAL, FAKE, VIDEOS, PARAMS, MachineParams(), 0) for _ in range(2))
    assert np.array_equal(one[0], other[0]) and len(np.unique(one[0])) > 1
    assert not np.array_equal(
        score_realness(REAL, FAKE, VIDEOS, PARAMS, MachineParams(), 1)[0], one[0]
    )


def test_batches_mix_both_and_mirror() -> None:
    ramp = np.broadcast_to(np.arange(32, dtype=np.uint8)[None, :, None], (32, 32, 3)).copy()
    batch = PatchBatches((ramp + 100)[None], ramp[None], 200, seed=0)[0]
    assert batch["images"].shape == (200, 3, 32, 32) and batch["images"].dtype == torch.uint8
    real = batch["images"][:, 0, 0].min(dim=1).values >= 100
    assert torch.equal(real.float(), batch["target"])
    assert 70 <= int(real.sum()) <= 130
    rises = batch["images"][:, 0, 0, 1] > batch["images"][:, 0, 0, 0]
    assert 70 <= int(rises.sum()) <= 130


def test_scale_and_loss_by_hand() -> None:
    assert scale_patches(torch.tensor([0, 51, 255])).tolist() == pytest.approx([-1, -0.6, 1])
    patches = torch.tensor([255, 0], dtype=torch.uint8)[:, None, None, None].expand(2, 3, 4, 4)
    loss = discriminator_loss(Spy(), {"images": patches, "target": torch.tensor([1.0, 1.0])})
    # logits 1 and -1, both should be real
    expected = (np.log1p(np.exp(-1)) + np.log1p(np.exp(1))) / 2
    assert loss.item() == pytest.approx(expected)
