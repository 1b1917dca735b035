"""Segmenters from their artifacts: to start a training from, or ready for inference."""

from __future__ import annotations

from pipeline.artifacts.models import LAST, Model
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


def read_segmenter(stored: Model, criterion: str, machine: MachineParams) -> Segmenter | None:
    """The segmenter of a model artifact, in evaluation mode; None where none was trained.

    Args:
        stored: the artifact.
        criterion: which epoch.
        machine: where inference runs.
    """
    if stored.absent:
        return None
    description = stored.description
    params = parse_params(SegmenterParams, description["network"], str(stored.folder))
    model = build_segmenter(params, description["num_labels"])
    model.load_state_dict(stored.state(criterion))
    channels_last(model.eval()).to(device_of_inference(machine))
    return model


def initialise_motion(
    model: Segmenter, params: MotionStreamParams | None, action: Model | None
) -> None:
    """Load the weights of a new segmenter's motion stream, which stays frozen.

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
    elif action is not None:
        transfer_action(model, action.state(LAST))
    else:
        raise InputError(
            "the motion stream has no weights and the recipe no action classifier: set "
            "train_segmenter.network.two_stream.motion.weights or inputs.motion_stream"
        )


def initialise_segmenter(
    model: Segmenter, init: Model | None, weights: WeightsParams, criterion: str
) -> None:
    """Give a new segmenter its first weights.

    Args:
        model: changed in place.
        init: a segmenter, all of whose weights are copied, or a classifier, whose backbone is
            copied; None where the recipe has no classifier.
        weights: pretrained weights to start from where ``init`` is None.
        criterion: which epoch of the segmenter ``init``.
    """
    if init is None:
        load_weights(model, weights)
    elif "network" in init.description:
        model.load_state_dict(init.state(criterion))
    else:
        transfer_backbone(model, init.state(LAST))
