"""Table of the classifiers: name -> how to build it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from pipeline.networks.base import Classifier
from pipeline.networks.i3d import I3D
from pipeline.networks.resnet import ResNet
from pipeline.networks.small_3d import Small3D
from pipeline.networks.small_resnet import SmallResNet
from pipeline.networks.vgg import VGG16
from pipeline.runtime.errors import InputError

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
