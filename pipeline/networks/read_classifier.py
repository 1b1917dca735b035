"""A trained classifier from its artifact: rebuilt, loaded, on the device, ready for inference."""

from __future__ import annotations

from typing import NamedTuple

from pipeline.artifacts.models import LAST, Model
from pipeline.networks.base import Classifier
from pipeline.networks.classifiers import ClassifierInputParams, build_classifier
from pipeline.networks.memory import channels_last
from pipeline.runtime.machine import MachineParams, device_of_inference
from pipeline.runtime.params import parse_params


class LoadedClassifier(NamedTuple):
    """A trained classifier, the names of its classes, and how its input is prepared."""

    model: Classifier
    classes: list[str]
    params: ClassifierInputParams


def read_classifier(stored: Model, machine: MachineParams) -> LoadedClassifier:
    """The classifier of a model artifact, in evaluation mode."""
    known = ClassifierInputParams.model_fields
    own = {k: v for k, v in stored.description["params"].items() if k in known}
    params = parse_params(ClassifierInputParams, own, str(stored.folder))
    classes = stored.description["classes"]
    model = build_classifier(params.network, len(classes))
    model.load_state_dict(stored.state(LAST))
    channels_last(model.eval()).to(device_of_inference(machine))
    return LoadedClassifier(model, classes, params)
