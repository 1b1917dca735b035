from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from pipeline.artifacts.models import LAST, Model, write_model
from pipeline.networks.classifiers import build_classifier
from pipeline.networks.read_classifier import read_classifier
from pipeline.runtime.errors import InputError
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.params import parse_params
from pipeline.training.classifier import ClassifierParams

FIT = {"epochs": 1, "steps": 1, "batch": 2, "lr": 0.1}


def write(folder: Path, **params: Any) -> torch.nn.Module:
    """A classifier as its training writes it: with all of its parameters."""
    own = parse_params(ClassifierParams, {"fit": FIT, **params}, "classifier")
    torch.manual_seed(4)
    network = build_classifier(own.network, 3)
    description = {"classes": ["a", "b", "nothing"], "params": own.model_dump(mode="json")}
    write_model(folder, description, {}, {LAST: network.state_dict()})
    return network


def test_a_classifier_comes_back_with_what_it_takes(tmp_path: Path) -> None:
    trained = write(tmp_path / "frames", network="small_resnet", side=24, loss="sigmoid")
    torch.manual_seed(9)
    found = read_classifier(Model(tmp_path / "frames"), MachineParams())
    assert found.classes == ["a", "b", "nothing"] and not found.model.training
    assert (found.params.network, found.params.side) == ("small_resnet", 24)
    assert (found.params.loss, found.params.clip) == ("sigmoid", None)
    own, other = trained.state_dict(), found.model.state_dict()
    assert own.keys() == other.keys() and all(torch.equal(own[k], other[k]) for k in own)
    write(tmp_path / "clips", network="small_3d", clip={"frames": 4, "step": 2})
    clip = read_classifier(Model(tmp_path / "clips"), MachineParams()).params.clip
    assert clip is not None and (clip.frames, clip.step) == (4, 2)


def test_how_it_was_trained_is_not_asked_for(tmp_path: Path) -> None:
    """A classifier trained with options of its training that are gone still answers."""
    write(tmp_path, network="small_resnet")
    stored = Model(tmp_path)
    del stored.description["params"]["fit"]
    stored.description["params"]["augment"] = {"an option": "of another release"}
    assert read_classifier(stored, MachineParams()).params.network == "small_resnet"


def test_a_network_that_is_not_there_is_named_with_its_folder(tmp_path: Path) -> None:
    write(tmp_path / "m", network="small_resnet")
    stored = Model(tmp_path / "m")
    stored.description["params"]["network"] = "resnet19"
    with pytest.raises(InputError, match=r"m\.network = 'resnet19'") as error:
        read_classifier(stored, MachineParams())
    assert "\n" not in str(error.value)
