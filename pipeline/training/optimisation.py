"""Optimisers and learning rates, and the parameters of a training."""

from __future__ import annotations

from typing import Any, Literal

import torch
from pydantic import Field
from torch import nn

from pipeline.runtime.errors import InputError
from pipeline.runtime.params import Params


class FitParams(Params):
    """How to optimise.

    Attributes:
        epochs: evaluations; an epoch is ``steps`` optimisation steps.
        steps: steps of an epoch.
        batch: samples of a step, over all devices.
        optimiser: ``sgd`` or ``adamw``.
        lr: base learning rate.
        momentum: of SGD.
        weight_decay: of either optimiser.
        policy: ``poly``: lr (1 - step/all)^power (DeepLab); ``onecycle``; ``constant``.
        power: of ``poly``.
        head_lr: factor on the learning rate of parameters outside the backbone (DeepLab: 10).
        ema: weight of the past in an exponential moving average of the weights; the average is
            what is evaluated and kept. null keeps the weights themselves.
        patience: stop after so many epochs in which the first criterion has not risen.
        frozen_norm: batch norms keep their initial statistics: for batches of a single video, whose
            statistics are not those of the data set.
        frozen: name prefixes of parameters that are not trained, for instance of the first blocks
            of a pretrained backbone; the backward pass skips them.
    """

    epochs: int = Field(ge=1)
    steps: int = Field(ge=1)
    batch: int = Field(ge=1)
    optimiser: Literal["sgd", "adamw"] = "sgd"
    lr: float = Field(gt=0)
    momentum: float = Field(0.9, ge=0, lt=1)
    weight_decay: float = Field(5e-4, ge=0)
    policy: Literal["poly", "onecycle", "constant"] = "poly"
    power: float = Field(0.9, gt=0)
    head_lr: float = Field(1.0, gt=0)
    ema: float | None = Field(None, gt=0, lt=1)
    patience: int | None = Field(None, ge=1)
    frozen_norm: bool = False
    frozen: tuple[str, ...] = ()


def freeze(model: nn.Module, beginnings: tuple[str, ...]) -> None:
    """Freeze the parameters whose names start with one of ``beginnings``, in place.

    Raises:
        InputError: no parameter's name starts with one of them, or every parameter's does.
    """
    names = [name for name, _ in model.named_parameters()]
    for beginning in beginnings:
        if not any(name.startswith(beginning) for name in names):
            raise InputError(
                f"fit.frozen: no parameter of {type(model).__name__} begins with {beginning!r}; "
                f"they are {names[0]} to {names[-1]}"
            )
    for name, parameter in model.named_parameters():
        if name.startswith(beginnings):
            parameter.requires_grad_(False)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise InputError(f"fit.frozen: nothing of {type(model).__name__} is left to train")


def make_optimiser(model: nn.Module, params: FitParams) -> torch.optim.Optimizer:
    """The optimiser; parameters outside ``backbone`` learn ``head_lr`` times as fast."""
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    groups = [
        {"params": [p for name, p in named if name.startswith("backbone.")], "lr": params.lr},
        {
            "params": [p for name, p in named if not name.startswith("backbone.")],
            "lr": params.lr * params.head_lr,
        },
    ]
    groups = [group for group in groups if group["params"]]
    # foreach: all tensors in one call, the same digits; a CPU takes one after the other by default
    both: Any = {"lr": params.lr, "weight_decay": params.weight_decay, "foreach": True}
    if params.optimiser == "adamw":
        return torch.optim.AdamW(groups, **both)
    return torch.optim.SGD(groups, momentum=params.momentum, **both)


def make_schedule(optimiser: torch.optim.Optimizer, params: FitParams) -> Any:
    """The learning rate by step."""
    steps = params.epochs * params.steps
    if params.policy == "poly":
        return torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda step: (1 - min(step, steps) / steps) ** params.power
        )
    if params.policy == "onecycle":
        peaks = [group["lr"] for group in optimiser.param_groups]
        return torch.optim.lr_scheduler.OneCycleLR(optimiser, peaks, total_steps=steps + 1)
    return torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1.0)
