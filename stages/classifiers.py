"""Classifiers from their artifacts: rebuilt, loaded, on the device, ready to answer."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from pipeline.artifacts.models import LAST, read_description, read_state
from pipeline.networks.base import Classifier
from pipeline.networks.classifiers import build_classifier
from pipeline.networks.memory import channels_last
from pipeline.runtime.machine import MachineParams, device_of_inference
from pipeline.runtime.params import parse_params
from pipeline.training.classifier import ClassifierParams


class LoadedClassifier(NamedTuple):
    """A trained classifier, the names of its classes, and how its input is prepared."""

    model: Classifier
    classes: list[str]
    params: ClassifierParams


def load_classifier(folder: Path, machine: MachineParams) -> LoadedClassifier | None:
    """The classifier of a folder; None where the data set needs none."""
    description = read_description(folder)
    if "absent" in description:
        return None
    params = parse_params(ClassifierParams, description["params"], str(folder))
    model = build_classifier(params.network, len(description["classes"]))
    model.load_state_dict(read_state(folder, LAST))
    channels_last(model.eval()).to(device_of_inference(machine))
    return LoadedClassifier(model, description["classes"], params)
