"""A training gives the same again: killed and continued, from an equal seed, with other workers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.artifacts.models import write_model
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.resume import WorkFolder
from pipeline.training.batches import Batch, SampledBatches
from pipeline.training.loop import Fitted, fit
from pipeline.training.optimisation import FitParams


class Net(nn.Module):
    """Convolution, batch norm and dropout: everything that has a state or draws numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.Dropout(0.5))
        self.head = nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.backbone(x).mean((2, 3)))


class Pictures(SampledBatches):
    def sample(self, rng: np.random.Generator) -> Batch:
        label = int(rng.integers(2))
        picture = rng.normal(label, 1, (3, 6, 7)).astype(np.float32)
        return {"x": torch.from_numpy(picture), "y": torch.tensor(label)}


def cross_entropy(model: nn.Module, batch: Batch) -> Tensor:
    return F.cross_entropy(model(batch["x"]), batch["y"])


def total(model: nn.Module) -> Mapping[str, float]:
    return {"sum": float(sum(p.sum() for p in model.parameters()))}


SGD = FitParams(epochs=4, steps=3, batch=4, lr=0.1, ema=0.6)
ADAM = FitParams(epochs=4, steps=3, batch=4, lr=0.01, optimiser="adamw", policy="onecycle")


def train(params: FitParams, start: int = 0, seed: int = 7, **extra: Any) -> Fitted:
    torch.manual_seed(start)
    model = Net()
    machine = MachineParams(workers=extra.pop("workers", 0))
    loss = extra.pop("loss", cross_entropy)
    extra = {"evaluate": total, "criteria": ("sum",)} | extra
    return fit(model, Pictures(seed, params.batch), loss, params, machine, **extra)


def content(fitted: Fitted, folder: Path) -> dict[str, bytes]:
    write_model(folder, {}, fitted.history(), fitted.states)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("params", [SGD, ADAM], ids=["sgd", "adamw"])
@pytest.mark.parametrize("killed_in", ["evaluation of epoch 1", "epoch 3", "report of epoch 3"])
def test_killed_and_continued_is_the_same_to_the_bit(
    tmp_path: Path, params: FitParams, killed_in: str
) -> None:
    whole = train(params)
    told: list[float] = []
    steps = [0]

    def on_epoch(values: Mapping[str, float]) -> None:
        told.append(values["epoch"])
        if killed_in == "report of epoch 3" and told == [1, 2, 3]:
            raise KeyboardInterrupt

    def evaluate(model: nn.Module) -> Mapping[str, float]:
        if killed_in == "evaluation of epoch 1":
            raise KeyboardInterrupt
        return total(model)

    def loss(model: nn.Module, batch: Batch) -> Tensor:
        steps[0] += 1
        if killed_in == "epoch 3" and steps[0] == 8:
            raise KeyboardInterrupt
        return cross_entropy(model, batch)

    work = WorkFolder(tmp_path / "work", {"key": 1})
    with pytest.raises(KeyboardInterrupt):
        train(params, evaluate=evaluate, loss=loss, on_epoch=on_epoch, work=work)
    start = 0 if killed_in == "evaluation of epoch 1" else 99  # no checkpoint was written yet
    told.clear()
    continued = train(params, start=start, on_epoch=lambda v: told.append(v["epoch"]), work=work)
    assert content(continued, tmp_path / "continued") == content(whole, tmp_path / "whole")
    assert told == [1, 2, 3, 4]  # the curves are whole, too


def test_finished_but_killed_before_its_model_was_written(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path / "work", {})
    whole = train(SGD, work=work)

    def loss(model: nn.Module, batch: Batch) -> Tensor:
        raise AssertionError("trained again")

    again = train(SGD, start=5, loss=loss, work=work)
    assert content(again, tmp_path / "again") == content(whole, tmp_path / "whole")


def test_patience_holds_after_a_kill(tmp_path: Path) -> None:
    params = SGD.model_copy(update={"patience": 1})
    work = WorkFolder(tmp_path, {})
    falling = iter(range(9, 0, -1))
    first = train(params, evaluate=lambda _: {"sum": next(falling)}, work=work)
    assert len(first.epochs) == 2
    assert len(train(params, evaluate=lambda _: {"sum": 0.0}, work=work).epochs) == 2


def test_equal_seeds_give_equal_bytes(tmp_path: Path) -> None:
    one, two = content(train(SGD), tmp_path / "1"), content(train(SGD), tmp_path / "2")
    workers = content(train(SGD, workers=2), tmp_path / "3")
    assert one == two == workers
    assert content(train(SGD, seed=8), tmp_path / "4")["weights-last.pt"] != one["weights-last.pt"]


def test_training_learns() -> None:
    fitted = train(FitParams(epochs=5, steps=20, batch=16, lr=0.1))
    losses = [e["loss"] for e in fitted.epochs]
    assert losses[-1] < 0.5 * losses[0]
