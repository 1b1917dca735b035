from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from pipeline.artifacts.models import LAST, Model, write_absent_model, write_model
from pipeline.networks.base import Classifier, Segmenter
from pipeline.networks.classifiers import build_classifier
from pipeline.networks.read_segmenter import (
    initialise_motion,
    initialise_segmenter,
    read_segmenter,
)
from pipeline.networks.segmenters import SegmenterParams, build_segmenter
from pipeline.networks.two_stream import MotionStreamParams, TwoStream
from pipeline.networks.weights import WeightsParams
from pipeline.runtime.errors import InputError
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.params import parse_params

NO_WEIGHTS = WeightsParams(source="none")
NETWORK = SegmenterParams(backbone="small_resnet", output_stride=8, rates=(1, 2))


def segmenter(seed: int) -> Segmenter:
    torch.manual_seed(seed)
    return build_segmenter(NETWORK, 4)


def equal(a: torch.nn.Module, b: torch.nn.Module) -> bool:
    states = a.state_dict(), b.state_dict()
    return all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def write_segmenter(folder: Path) -> tuple[Segmenter, Segmenter]:
    """A model folder with two criteria; returns the two."""
    best, other = segmenter(1), segmenter(2)
    description = {
        "network": NETWORK.model_dump(),
        "num_labels": 4,
    }
    write_model(folder, description, {}, {"ric": best.state_dict(), "miou_pa": other.state_dict()})
    return best, other


def test_a_segmenter_comes_back_at_the_epoch_asked_for(tmp_path: Path) -> None:
    best, other = write_segmenter(tmp_path)
    for criterion, expected in (("ric", best), ("miou_pa", other)):
        loaded = read_segmenter(Model(tmp_path), criterion, MachineParams())
        assert loaded is not None
        assert equal(loaded, expected) and not equal(best, other)
        assert not loaded.training


def test_no_segmenter_where_the_evolution_had_stopped(tmp_path: Path) -> None:
    write_absent_model(tmp_path, "stopped after v1")
    assert read_segmenter(Model(tmp_path), "ric", MachineParams()) is None
    model, same = segmenter(3), segmenter(3)
    initialise_segmenter(model, None, NO_WEIGHTS, "ric")
    assert equal(model, same)


def test_a_training_starts_from_the_segmenter_before(tmp_path: Path) -> None:
    best, other = write_segmenter(tmp_path)
    model = segmenter(3)
    initialise_segmenter(model, Model(tmp_path), NO_WEIGHTS, "miou_pa")
    assert equal(model, other) and not equal(model, best)


def test_a_training_starts_from_the_backbone_of_a_classifier(tmp_path: Path) -> None:
    torch.manual_seed(5)
    classifier = build_classifier("small_resnet", 3)
    write_model(tmp_path, {"classes": ["a", "b", "c"]}, {}, {LAST: classifier.state_dict()})
    model, before = segmenter(3), segmenter(3)
    initialise_segmenter(model, Model(tmp_path), NO_WEIGHTS, "ric")
    given, old, new = classifier.state_dict(), before.state_dict(), model.state_dict()
    changed = {key for key in new if not torch.equal(new[key], old[key])}
    assert changed
    lent = [v for v in given.values() if v.dim() == 4]
    for key in (k for k in changed if new[k].dim() == 4):
        assert any(v.shape == new[key].shape and torch.equal(v, new[key]) for v in lent), key
    heads = [key for key in new if new[key].dim() == 4 and new[key].shape[0] == 4]
    assert heads and not changed & set(heads)  # the classes of the segmenter are its own


def test_weights_of_a_file_stand_in_for_a_classifier_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_segmenter(tmp_path / "segmenter")
    state = {LAST: build_classifier("small_resnet", 3).state_dict()}
    write_model(tmp_path / "classifier", {"classes": ["a", "b", "c"]}, {}, state)
    asked: list[object] = []
    monkeypatch.setattr(
        "pipeline.networks.read_segmenter.load_weights", lambda model, params: asked.append(params)
    )
    weights = WeightsParams(source="torchvision")
    for init in (Model(tmp_path / "segmenter"), Model(tmp_path / "classifier"), None):
        assert not asked
        initialise_segmenter(segmenter(3), init, weights, "ric")
    assert asked == [weights]


MOTION = {"network": "small_3d", "weights": None, "side": None, "clip": {"frames": 4}}


def two_stream(**motion: Any) -> tuple[TwoStream, MotionStreamParams]:
    values = {**NETWORK.model_dump(), "two_stream": {"width": 4, "motion": {**MOTION, **motion}}}
    params = parse_params(SegmenterParams, values, "network")
    torch.manual_seed(3)
    model = build_segmenter(params, 4)
    assert isinstance(model, TwoStream) and params.motion is not None
    return model, params.motion


def write_action(folder: Path, seed: int) -> Classifier:
    torch.manual_seed(seed)
    classifier = build_classifier("small_3d", 5)
    write_model(folder, {"classes": list("abcde")}, {}, {LAST: classifier.state_dict()})
    return classifier


def shared(stream: torch.nn.Module | None, state: Mapping[str, torch.Tensor]) -> set[str]:
    """Names of the weights that both have and that are equal."""
    assert stream is not None
    own = stream.state_dict()
    return {k for k in own if k in state and torch.equal(own[k], state[k]) and own[k].dim() > 1}


def test_the_action_classifier_lends_the_motion_stream_its_weights(tmp_path: Path) -> None:
    state = write_action(tmp_path, 7).state_dict()
    model, params = two_stream()
    assert not shared(model.action, state)
    initialise_motion(model, params, Model(tmp_path))
    kernels = {k for k, v in state.items() if v.dim() == 5 and v.shape[0] != 5}
    assert kernels and kernels <= shared(model.action, state)


def test_weights_of_its_own_come_first(tmp_path: Path) -> None:
    write_action(tmp_path / "model", 7)
    torch.manual_seed(8)
    own = build_classifier("small_3d", 5).state_dict()
    torch.save(own, tmp_path / "own.pt")
    model, params = two_stream(weights={"source": "file", "path": str(tmp_path / "own.pt")})
    initialise_motion(model, params, Model(tmp_path / "model"))
    kernels = {k for k, v in own.items() if v.dim() == 5 and v.shape[0] != 5}
    assert kernels and kernels <= shared(model.action, own)


def test_a_motion_stream_without_any_weights_is_one_line(tmp_path: Path) -> None:
    model, params = two_stream()
    with pytest.raises(InputError, match=r"motion\.weights or inputs\.motion_stream") as error:
        initialise_motion(model, params, None)
    assert "\n" not in str(error.value)
    plain, same = segmenter(3), segmenter(3)
    write_action(tmp_path, 7)
    initialise_motion(plain, None, Model(tmp_path))  # no motion stream: nothing to lend to
    assert equal(plain, same)
