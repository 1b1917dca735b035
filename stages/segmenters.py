"""Segmenters from their artifacts: to start a training from, or ready to answer."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.artifacts.models import LAST, read_description, read_state
from pipeline.networks.base import Segmenter
from pipeline.networks.memory import channels_last
from pipeline.networks.segmenters import (
    SegmenterParams,
    build_segmenter,
    transfer_action,
    transfer_backbone,
)
from pipeline.networks.two_stream import MotionStreamParams, TwoStream
from pipeline.networks.weights import WeightsParams, load_weights
from pipeline.runtime.errors import InputError
from pipeline.runtime.machine import MachineParams, device_of_inference
from pipeline.runtime.params import parse_params
from pipeline.runtime.reproducible import make_reproducible


class LoadedSegmenter(NamedTuple):
    """A trained segmenter at its best epoch; shifts K of its background logit, by label.

    The shifts are those of its own answers, or of its answers with the action prior.
    """

    model: Segmenter
    shifts: npt.NDArray[np.float64]


def load_segmenter(
    folder: Path, criterion: str, machine: MachineParams, with_prior: bool = False
) -> LoadedSegmenter | None:
    """The segmenter of a folder; None where none was trained.

    Args:
        folder: of the model.
        criterion: which epoch.
        machine: where it will answer.
        with_prior: whether the shifts are those for answers with the action prior.
    """
    description = read_description(folder)
    if "absent" in description:
        return None
    params = parse_params(SegmenterParams, description["network"], str(folder))
    model = build_segmenter(params, description["num_labels"])
    model.load_state_dict(read_state(folder, criterion))
    channels_last(model.eval()).to(device_of_inference(machine))
    shifts = description["background_shifts"][criterion]
    return LoadedSegmenter(model, np.array(shifts["with_prior" if with_prior else "alone"]))


def load_segmenter_alone(
    folder: Path, criterion: str, machine: MachineParams
) -> LoadedSegmenter | None:
    """:func:`load_segmenter` in a process of its own with one thread, once for all its videos."""
    make_reproducible(0, threads=1)  # inference draws nothing
    return _loaded(folder, criterion, machine, (folder / "model.json").stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _loaded(
    folder: Path, criterion: str, machine: MachineParams, mtime: int
) -> LoadedSegmenter | None:
    """``mtime`` tells a model from its successor of the same name."""
    return load_segmenter(folder, criterion, machine)


def initialise_motion(model: Segmenter, params: MotionStreamParams | None, action: Path) -> None:
    """Give the motion stream of a new segmenter its weights, which stay.

    Args:
        model: changed in place.
        params: of its motion stream; None if it has none.
        action: the recipe's action classifier, for a motion stream without weights of its own.

    Raises:
        InputError: the weights do not fit, or there is no action classifier.
    """
    if params is None:
        return
    assert isinstance(model, TwoStream) and model.action is not None
    if params.weights is not None:
        load_weights(model.action, params.weights)
    elif "classes" in read_description(action):
        transfer_action(model, read_state(action, LAST))
    else:
        raise InputError(
            "the motion stream has no weights and the recipe no action classifier: set "
            "train_segmenter.network.two_stream.motion.weights or finetune_classifier.action"
        )


def initialise_segmenter(
    model: Segmenter, init: Path, weights: WeightsParams, criterion: str
) -> None:
    """Give a new segmenter its first weights.

    Args:
        model: changed in place.
        init: a segmenter, all of which is taken, or a classifier, which lends its backbone, or
            none, where the recipe needs no classifier.
        weights: what to start from where there is none.
        criterion: which epoch of the segmenter ``init``.
    """
    description = read_description(init)
    if "network" in description:
        model.load_state_dict(read_state(init, criterion))
    elif "classes" in description:
        transfer_backbone(model, read_state(init, LAST))
    else:
        load_weights(model, weights)
