from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.artifacts.models import LAST, write_model
from pipeline.runtime.errors import InputError
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.params import parse_params
from pipeline.runtime.resume import WorkFolder
from pipeline.training.batches import Batch, SampledBatches
from pipeline.training.loop import Fitted, fit
from pipeline.training.optimisation import FitParams

CPU = MachineParams(jobs=1)
PLAIN: dict[str, Any] = {"batch": 2, "lr": 0.1, "momentum": 0.0, "weight_decay": 0.0}


class Numbers(SampledBatches):
    def sample(self, rng: np.random.Generator) -> Batch:
        return {"x": torch.tensor(rng.random(), dtype=torch.float32)}


class One(nn.Module):
    """One weight, called like a head or like a backbone, and a counter of forward passes."""

    def __init__(self, start: float = 1.0) -> None:
        super().__init__()
        self.head = nn.Parameter(torch.tensor(start))
        self.backbone = nn.ParameterDict({"w": nn.Parameter(torch.tensor(start))})
        self.register_buffer("calls", torch.tensor(0))

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.calls += 1
        return self.head + self.backbone["w"] + 0 * x


def descend(model: nn.Module, batch: Batch) -> Tensor:
    """A loss whose gradient is 1 for each weight: a step moves a weight by its learning rate."""
    return model(batch["x"]).mean()


def run(
    params: FitParams, model: nn.Module | None = None, **extra: Any
) -> tuple[nn.Module, Fitted]:
    model = model or One()
    return model, fit(model, Numbers(3, params.batch), descend, params, CPU, **extra)


def heads(seen: list[float]) -> Callable[[nn.Module], Mapping[str, float]]:
    """Note the weight that is evaluated after each epoch."""

    def evaluate(model: nn.Module) -> Mapping[str, float]:
        assert not model.training and not torch.is_grad_enabled()
        seen.append(float(model.head))  # type: ignore[arg-type]
        return {}

    return evaluate


def test_a_training_that_diverges_says_so() -> None:
    def loss(model: nn.Module, batch: Batch) -> Tensor:
        value = descend(model, batch)  # 2, then 0.2 less with every step
        return torch.where(value > 1.5, value, torch.log(value - 1.5))

    params = FitParams(epochs=2, steps=2, policy="constant", **PLAIN)
    with pytest.raises(InputError, match=r"step 4 .*diverged; lower fit.lr \(now 0.1\)"):
        fit(One(), Numbers(3, 2), loss, params, CPU)


def test_poly_by_hand() -> None:
    seen: list[float] = []
    run(FitParams(epochs=2, steps=2, policy="poly", power=0.9, **PLAIN), evaluate=heads(seen))
    rates = [0.1 * factor**0.9 for factor in (1, 0.75, 0.5, 0.25)]
    assert seen == pytest.approx([1 - sum(rates[:2]), 1 - sum(rates)])


def test_constant_and_factor_of_the_head() -> None:
    model, fitted = run(FitParams(epochs=1, steps=3, policy="constant", head_lr=4, **PLAIN))
    state = model.state_dict()
    assert float(state["head"]) == pytest.approx(1 - 3 * 0.4)
    assert float(state["backbone.w"]) == pytest.approx(1 - 3 * 0.1)
    # losses 2, 1.5, 1.0
    assert fitted.epochs == [{"epoch": 1.0, "loss": pytest.approx(1.5)}]


def test_one_cycle_rises_and_ends_near_zero() -> None:
    seen = [1.0]
    values = {**PLAIN, "optimiser": "adamw", "policy": "onecycle"}
    run(FitParams(epochs=10, steps=1, **values), evaluate=heads(seen))
    steps = -np.diff(seen)
    assert steps[0] == pytest.approx(0.1 / 25, rel=1e-3)  # Adam's first step is its rate
    assert 1 <= steps.argmax() <= 4 and steps.max() > 0.06
    assert 0 <= steps[-1] < 0.01


def test_momentum_and_weight_decay_by_hand() -> None:
    values = {**PLAIN, "momentum": 0.5, "weight_decay": 0.2}
    model, _ = run(FitParams(epochs=1, steps=2, policy="constant", **values))
    # gradient 1 + 0.2 w; w 1 -> 0.88; velocity 0.5 * 1.2 + 1 + 0.2 * 0.88
    assert float(model.state_dict()["head"]) == pytest.approx(0.88 - 0.1 * (0.6 + 1.176))


def test_best_epoch_is_kept_for_each_criterion() -> None:
    curves = {"ric": [3.0, 5.0, 5.0, 4.0], "other": [1.0, 0.5, 0.2, 0.1]}
    epoch = iter(range(4))
    seen: list[float] = []

    def evaluate(model: nn.Module) -> Mapping[str, float]:
        heads(seen)(model)
        n = next(epoch)
        return {name: curve[n] for name, curve in curves.items()}

    params = FitParams(epochs=4, steps=2, **PLAIN)
    model, fitted = run(params, evaluate=evaluate, criteria=("ric", "other"))
    assert {name: best["epoch"] for name, best in fitted.best.items()} == {"ric": 2, "other": 1}
    assert [fitted.states[n]["head"].item() for n in ("ric", "other", LAST)] == [
        seen[1],
        seen[0],
        seen[3],
    ]
    assert float(model.state_dict()["head"]) == seen[3]
    assert [e["ric"] for e in fitted.epochs] == curves["ric"]
    history = fitted.history()
    assert history["best"]["ric"] == fitted.epochs[1] and history["epochs"] == fitted.epochs
    assert history["best"][LAST] == fitted.epochs[-1]


@pytest.mark.parametrize("patience, epochs", [(1, 3), (2, 6), (None, 8)])
def test_patience_follows_the_first_criterion(patience: int | None, epochs: int) -> None:
    curve = iter([1.0, 2.0, 2.0, 3.0, 2.0, 2.5, 9.0, 9.0])
    other = iter(range(8))  # rises all the time and must not matter
    _, fitted = run(
        FitParams(epochs=8, steps=1, patience=patience, **PLAIN),
        evaluate=lambda _: {"ric": next(curve), "other": next(other)},
        criteria=("ric", "other"),
    )
    assert len(fitted.epochs) == epochs


def test_moving_average_by_hand() -> None:
    seen: list[float] = []
    params = FitParams(epochs=2, steps=2, ema=0.3, policy="constant", **PLAIN)
    model, fitted = run(params, evaluate=heads(seen))
    average, expected = 1.0, []
    for step, weight in enumerate([0.9, 0.8, 0.7, 0.6]):
        decay = [1 / 10, 2 / 11, 3 / 12, 0.3][step]  # (1 + n) / (10 + n) until that reaches 0.3
        average = decay * average + (1 - decay) * weight
        expected.append(average)
    assert seen == pytest.approx([expected[1], expected[3]])
    assert fitted.states[LAST]["head"].item() == pytest.approx(expected[3])
    assert float(model.state_dict()["head"]) == pytest.approx(expected[3])
    assert int(fitted.states[LAST]["calls"]) == 4  # not an average


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


@pytest.mark.parametrize("frozen", [False, True])
def test_frozen_norms_keep_their_statistics_and_use_them(frozen: bool) -> None:
    norm = nn.BatchNorm1d(1)
    norm.running_mean.fill_(5.0)  # type: ignore[union-attr]
    seen = []

    def loss(model: nn.Module, batch: Batch) -> Tensor:
        out = model(batch["x"][:, None])
        seen.append(out.detach().mean().item())
        return out.sum()

    params = FitParams(**PLAIN, epochs=1, steps=2, frozen_norm=frozen)
    fit(norm, Numbers(3, 2), loss, params, CPU)
    assert norm.weight.grad is not None  # its weights learn all the same
    kept = norm.running_mean.item() == 5.0 and norm.num_batches_tracked.item() == 0  # type: ignore[union-attr]
    assert kept == frozen
    # a batch of numbers in 0..1 has the mean 0 by its own statistics, and about -4.5 by those
    assert (seen[0] < -3) == frozen


def test_training_learns() -> None:
    fitted = train(FitParams(epochs=5, steps=20, batch=16, lr=0.1))
    losses = [e["loss"] for e in fitted.epochs]
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize(
    "change", [{"epochs": 0}, {"lr": 0}, {"ema": 1.0}, {"momentum": 1}, {"policy": "step"}]
)
def test_refuses(change: dict[str, object]) -> None:
    values = {"epochs": 1, "steps": 1, "batch": 1, "lr": 0.1, **change}
    with pytest.raises(InputError, match=rf"parameter fit\.{next(iter(change))} = "):
        parse_params(FitParams, values, "fit")
