from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pipeline.artifacts.models import LAST
from pipeline.runtime.errors import InputError
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.params import parse_params
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


def test_the_next_batch_is_prepared_during_a_step() -> None:
    prepared = [threading.Event() for _ in range(3)]

    class Noted(Numbers):
        def __getitem__(self, step: int) -> Batch:
            prepared[step].set()
            return super().__getitem__(step)

    steps = iter(range(3))

    def loss(model: nn.Module, batch: Batch) -> Tensor:
        following = min(next(steps) + 1, 2)
        assert prepared[following].wait(20)
        return descend(model, batch)

    fit(One(), Noted(3, 2), loss, FitParams(epochs=1, steps=3, **PLAIN), CPU)


def test_a_batch_that_cannot_be_read_is_said() -> None:
    class Broken(Numbers):
        def __getitem__(self, step: int) -> Batch:
            if step == 2:
                raise InputError("video 'b' is damaged")
            return super().__getitem__(step)

    with pytest.raises(InputError, match=r"^video 'b' is damaged$"):
        fit(One(), Broken(3, 2), descend, FitParams(epochs=1, steps=4, **PLAIN), CPU)


def test_frozen_parameters_stay_as_they_are() -> None:
    model, _ = run(FitParams(epochs=1, steps=4, frozen=("head",), **PLAIN))
    state = model.state_dict()
    assert state["head"] == 1.0
    steps = 1 + 0.75**0.9 + 0.5**0.9 + 0.25**0.9  # poly
    assert float(state["backbone.w"]) == pytest.approx(1 - 0.1 * steps)


def test_frozen_parameters_that_are_not_there() -> None:
    wrong = FitParams(epochs=1, steps=1, frozen=("bakcbone.",), **PLAIN)
    with pytest.raises(InputError, match=r"no parameter of One begins with 'bakcbone\."):
        run(wrong)


@pytest.mark.parametrize("beginnings", [("",), ("head", "backbone.")])
def test_all_parameters_frozen(beginnings: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="nothing of One is left to train"):
        run(FitParams(epochs=1, steps=1, frozen=beginnings, **PLAIN))


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


@pytest.mark.parametrize(
    "change", [{"epochs": 0}, {"lr": 0}, {"ema": 1.0}, {"momentum": 1}, {"policy": "step"}]
)
def test_refuses(change: dict[str, object]) -> None:
    values = {"epochs": 1, "steps": 1, "batch": 1, "lr": 0.1, **change}
    with pytest.raises(InputError, match=rf"parameter fit\.{next(iter(change))} = "):
        parse_params(FitParams, values, "fit")
