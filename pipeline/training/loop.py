"""The one training loop: every network of the pipeline is trained here."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset

from pipeline.artifacts.models import LAST, State
from pipeline.networks.memory import channels_last
from pipeline.runtime.errors import InputError
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.reproducible import derive_seed
from pipeline.runtime.resume import WorkFolder
from pipeline.training.batches import Batch, Batches
from pipeline.training.optimisation import FitParams, freeze, make_optimiser, make_schedule

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Loss = Callable[[nn.Module, Batch], Tensor]
Evaluate = Callable[[nn.Module], Mapping[str, float]]
log = logging.getLogger(__name__)


@dataclass
class Fitted:
    """What training leaves.

    Attributes:
        states: by criterion the weights of its best epoch; ``last`` those of the last epoch.
        epochs: values of each epoch, with ``epoch`` counted from 1 and the mean ``loss``.
        best: by criterion the values of its best epoch.
    """

    states: dict[str, State] = field(default_factory=dict)
    epochs: list[dict[str, float]] = field(default_factory=list)
    best: dict[str, dict[str, float]] = field(default_factory=dict)

    def history(self) -> dict[str, Any]:
        """Values by epoch, and of the best epochs and the last one, as JSON values."""
        return {"epochs": self.epochs, "best": {**self.best, LAST: self.epochs[-1]}}


def fit(
    model: nn.Module,
    batches: Batches,
    loss: Loss,
    params: FitParams,
    machine: MachineParams,
    *,
    evaluate: Evaluate | None = None,
    criteria: tuple[str, ...] = (),
    on_epoch: Callable[[Mapping[str, float]], None] | None = None,
    work: WorkFolder | None = None,
) -> Fitted:
    """Train ``model`` in place and keep the best epochs.

    With several devices the program is started once for each and trains its share of every batch
    (DDP). This returns in the first process only; the others end here, so that only one process
    writes results. So a program can call it only once with several devices.

    Args:
        model: its device is chosen here.
        batches: gives the batch of each step.
        loss: scalar loss of the model on a batch.
        params: how to optimise.
        machine: device, precision, processes.
        evaluate: values of the model after each epoch; called in evaluation mode without gradients.
        criteria: names among these values; for each the weights of the epoch with the highest value
            are kept. The first one decides when patience ends.
        on_epoch: called with the values of each epoch; on resuming, with those of finished ones
            first.
        work: where a killed training finds its checkpoint.
    """
    from lightning_fabric import Fabric  # only here: it takes seconds, which other stages save

    fabric = Fabric(
        accelerator=machine.accelerator, devices=machine.devices, precision=machine.precision
    )
    fabric.launch()
    batches.rank, batches.world = fabric.global_rank, fabric.world_size
    channels_last(model)
    freeze(model, params.frozen)
    optimiser = make_optimiser(model, params)
    scheduler = make_schedule(optimiser, params)
    wrapped, optimiser = fabric.setup(model, optimiser)
    average = _copy_state(model) if params.ema else None
    fitted = Fitted()
    checkpoint = work.load() if work else None
    if checkpoint is not None:
        fitted = _restore(checkpoint, model, optimiser, scheduler, average)
        log.info("continuing after epoch %d", len(fitted.epochs))
    if on_epoch is not None and fabric.is_global_zero:
        for values in fitted.epochs:  # of the killed training: its curves died with it
            on_epoch(values)
    while len(fitted.epochs) < params.epochs and not _out_of_patience(fitted, criteria, params):
        epoch = len(fitted.epochs)
        torch.manual_seed(derive_seed(batches.seed, "epoch", epoch))
        mean_loss = _run_epoch(
            fabric, wrapped, batches, loss, params, machine, epoch, optimiser, scheduler, average
        )
        state = average if average is not None else _copy_state(model)
        values = {"epoch": float(epoch + 1), "loss": mean_loss}
        if evaluate is not None:
            found = fabric.broadcast(_evaluate(model, state, evaluate, fabric.is_global_zero))
            values |= found or {}
        _keep(fitted, values, state, criteria)
        if on_epoch is not None and fabric.is_global_zero:
            on_epoch(values)
        if work is not None and fabric.is_global_zero:
            work.save(_checkpoint(fitted, model, optimiser, scheduler, average))
    if not fabric.is_global_zero:
        sys.exit()
    model.load_state_dict(fitted.states[LAST])
    return fitted


def _run_epoch(
    fabric: Fabric,
    model: nn.Module,
    batches: Batches,
    loss: Loss,
    params: FitParams,
    machine: MachineParams,
    epoch: int,
    optimiser: Any,
    scheduler: Any,
    average: State | None,
) -> float:
    """Mean loss of the epoch's steps, over all devices.

    Raises:
        InputError: a loss is infinite or not a number.
    """
    model.train()
    for module in model.modules():
        if params.frozen_norm and isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()
    steps = range(epoch * params.steps, (epoch + 1) * params.steps)
    loader = DataLoader(Subset(batches, steps), batch_size=None, num_workers=machine.workers)
    total = 0.0
    for step, batch in zip(steps, _ahead(loader), strict=True):
        value = loss(model, {key: channels_last(fabric.to_device(t)) for key, t in batch.items()})
        optimiser.zero_grad(set_to_none=True)
        fabric.backward(value)
        optimiser.step()
        scheduler.step()
        total += float(value.detach())
        if not math.isfinite(total):
            raise InputError(
                f"the loss of step {step + 1} is not finite, so the training has diverged; lower "
                f"fit.lr (now {params.lr:g})"
            )
        if average is not None and params.ema is not None:
            # early averages forget faster, or they would hold the initial weights for long
            _update_average(average, model, min(params.ema, (1 + step) / (10 + step)))
    mean = torch.tensor(total / params.steps, dtype=torch.float64)
    return float(fabric.all_reduce(mean, reduce_op="mean"))  # type: ignore[arg-type]


def _ahead(batches: Iterable[Batch]) -> Iterator[Batch]:
    """The same batches, each prepared while the step before it is computed."""
    iterator = iter(batches)
    with ThreadPoolExecutor(1) as beside:
        coming = beside.submit(next, iterator, None)
        while (batch := coming.result()) is not None:
            coming = beside.submit(next, iterator, None)
            yield batch


def _evaluate(
    model: nn.Module, state: State, evaluate: Evaluate, here: bool
) -> dict[str, float] | None:
    if not here:
        return None
    own = _copy_state(model)
    model.load_state_dict(state)
    model.eval()
    with torch.no_grad():
        values = {key: float(value) for key, value in evaluate(model).items()}
    model.load_state_dict(own)
    return values


def _keep(
    fitted: Fitted, values: dict[str, float], state: State, criteria: tuple[str, ...]
) -> None:
    fitted.epochs.append(values)
    kept = {key: tensor.detach().cpu().clone() for key, tensor in state.items()}
    fitted.states[LAST] = kept
    for name in criteria:
        if name not in fitted.best or values[name] > fitted.best[name][name]:
            fitted.best[name] = values
            fitted.states[name] = kept


def _out_of_patience(fitted: Fitted, criteria: tuple[str, ...], params: FitParams) -> bool:
    if params.patience is None or not criteria or not fitted.epochs:
        return False
    best_epoch = fitted.best[criteria[0]]["epoch"]
    return fitted.epochs[-1]["epoch"] - best_epoch >= params.patience


def _copy_state(model: nn.Module) -> State:
    return {key: tensor.detach().clone() for key, tensor in model.state_dict().items()}


def _update_average(average: State, model: nn.Module, decay: float) -> None:
    module = getattr(model, "module", model)
    with torch.no_grad():
        for key, tensor in module.state_dict().items():
            if tensor.is_floating_point():
                average[key].lerp_(tensor, 1 - decay)
            else:
                average[key].copy_(tensor)


def _checkpoint(
    fitted: Fitted, model: nn.Module, optimiser: Any, scheduler: Any, average: State | None
) -> dict[str, Any]:
    return {
        "model": model.state_dict(),
        "optimiser": optimiser.state_dict(),
        "scheduler": {k: v for k, v in scheduler.state_dict().items() if _plain(v)},
        "average": average,
        "states": fitted.states,
        "epochs": fitted.epochs,
        "best": fitted.best,
    }


def _plain(value: Any) -> bool:
    """Whether ``torch.load(weights_only=True)`` reads it back (a schedule's functions are not)."""
    return isinstance(value, int | float | str | list | type(None)) and not (
        isinstance(value, list) and any(callable(v) for v in value)
    )


def _restore(
    checkpoint: dict[str, Any],
    model: nn.Module,
    optimiser: Any,
    scheduler: Any,
    average: State | None,
) -> Fitted:
    model.load_state_dict(checkpoint["model"])
    optimiser.load_state_dict(checkpoint["optimiser"])
    scheduler.load_state_dict(checkpoint["scheduler"])
    if average is not None:
        for key, tensor in checkpoint["average"].items():
            average[key].copy_(tensor)
    return Fitted(checkpoint["states"], checkpoint["epochs"], checkpoint["best"])
