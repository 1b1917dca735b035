"""Table of the classifiers (name -> builder), their input parameters, and their scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field, model_validator

from pipeline.datasets.clips import ClipParams
from pipeline.networks.base import Classifier
from pipeline.networks.i3d import I3D
from pipeline.networks.resnet import ResNet
from pipeline.networks.small_3d import Small3D
from pipeline.networks.small_resnet import SmallResNet
from pipeline.networks.vgg import VGG16
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import Params

FrameClassifierName = Literal["small_resnet", "small_bagnet", "resnet18", "resnet50", "vgg16"]
ClipClassifierName = Literal["small_3d", "i3d"]

# Each builder takes the number of classes.
CLASSIFIERS: dict[str, Callable[[int], Classifier]] = {
    "small_resnet": SmallResNet,
    "small_bagnet": lambda num_classes: SmallResNet(num_classes, local=True),
    "resnet18": lambda num_classes: ResNet("resnet18", num_classes),
    "resnet50": lambda num_classes: ResNet("resnet50", num_classes),
    "vgg16": VGG16,
    "small_3d": Small3D,
    "i3d": I3D,
}


def build_classifier(name: str, num_classes: int) -> Classifier:
    """A classifier with random weights; InputError for an unknown name."""
    if name not in CLASSIFIERS:
        raise InputError(f"unknown classifier {name!r}; choose one of {', '.join(CLASSIFIERS)}")
    return CLASSIFIERS[name](num_classes)


class ClassifierInputParams(Params):
    """A classifier and its input: all that inference with a trained one needs.

    Attributes:
        network: a name of :data:`CLASSIFIERS`.
        side: shorter side of a frame in pixels before anything else; null keeps the stored size.
        clip: frames of a clip; null for a network that takes single frames.
        loss: ``softmax`` on videos with one class, ``sigmoid`` on all videos.
    """

    network: Literal[FrameClassifierName, ClipClassifierName]
    side: int | None = Field(None, ge=16)
    clip: ClipParams | None = None
    loss: Literal["softmax", "sigmoid"] = "softmax"

    @model_validator(mode="after")
    def _clips_go_with_clip_networks(self) -> ClassifierInputParams:
        takes_clips = self.network in get_args(ClipClassifierName)
        if takes_clips != (self.clip is not None):
            needed = "clips: set clip" if takes_clips else "single frames: set clip to null"
            raise ValueError(f"network {self.network} takes {needed}")
        return self


def class_scores(
    logits: npt.NDArray[np.floating[Any]], loss: Literal["softmax", "sigmoid"]
) -> npt.NDArray[np.float32]:
    """Logits N K to scores N K in [0, 1], by the function that belongs to the loss."""
    values = torch.from_numpy(np.asarray(logits, np.float32))
    scores = values.softmax(dim=1) if loss == "softmax" else values.sigmoid()
    return scores.numpy()
