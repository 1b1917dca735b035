"""Models from their artifacts: rebuilt, loaded, on the device, ready to answer."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch

from pipeline.artifacts.models import read_description, read_state
from pipeline.networks.base import Classifier
from pipeline.networks.classifiers import build_classifier
from pipeline.networks.deeplab import DeepLab
from pipeline.networks.segmenters import SegmenterParams, build_segmenter
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.params import parse_params
from pipeline.training.classifier import ClassifierParams
from pipeline.training.loop import LAST


class LoadedClassifier(NamedTuple):
    """A trained classifier, the names of its classes, and how its input is prepared."""

    model: Classifier
    classes: list[str]
    params: ClassifierParams


def device(machine: MachineParams) -> torch.device:
    """The device of inference."""
    if machine.accelerator == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda")


def load_classifier(folder: Path, machine: MachineParams) -> LoadedClassifier | None:
    """The classifier of a folder; None where the data set needs none."""
    description = read_description(folder)
    if "absent" in description:
        return None
    params = parse_params(ClassifierParams, description["params"], str(folder))
    model = build_classifier(params.network, len(description["classes"]))
    model.load_state_dict(read_state(folder, LAST))
    return LoadedClassifier(model.eval().to(device(machine)), description["classes"], params)


def load_segmenter(folder: Path, criterion: str, machine: MachineParams) -> DeepLab | None:
    """The segmenter of a folder at its best epoch; None where the evolution had stopped before."""
    description = read_description(folder)
    if "absent" in description:
        return None
    params = parse_params(SegmenterParams, description["network"], str(folder))
    model = build_segmenter(params, description["num_labels"])
    model.load_state_dict(read_state(folder, criterion))
    return model.eval().to(device(machine))
