from __future__ import annotations

from pathlib import Path

import pytest
import torch

from pipeline.artifacts.models import LAST, write_absent_model, write_model
from pipeline.networks.base import Segmenter
from pipeline.networks.classifiers import build_classifier
from pipeline.networks.segmenters import SegmenterParams, build_segmenter
from pipeline.networks.weights import WeightsParams
from pipeline.runtime.machine import MachineParams
from stages.segmenters import initialise_segmenter, load_segmenter

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
        "background_shifts": {
            "ric": {"alone": [0.0, 0.25, 0.5, 1.0], "with_prior": [0.0, 2.0, 3.0, 4.0]},
            "miou_pa": {"alone": [-1.5] * 4, "with_prior": [0.5] * 4},
        },
    }
    write_model(folder, description, {}, {"ric": best.state_dict(), "miou_pa": other.state_dict()})
    return best, other


def test_a_segmenter_comes_back_at_the_epoch_asked_for(tmp_path: Path) -> None:
    best, other = write_segmenter(tmp_path)
    kept = (
        ("ric", False, best, [0.0, 0.25, 0.5, 1.0]),
        ("ric", True, best, [0.0, 2.0, 3.0, 4.0]),
        ("miou_pa", False, other, [-1.5] * 4),
    )
    for criterion, with_prior, expected, shifts in kept:
        loaded = load_segmenter(tmp_path, criterion, MachineParams(), with_prior)
        assert loaded is not None
        assert equal(loaded.model, expected) and not equal(best, other)
        assert loaded.shifts.tolist() == shifts
        assert not loaded.model.training


def test_no_segmenter_where_the_evolution_had_stopped(tmp_path: Path) -> None:
    write_absent_model(tmp_path, "stopped after v1")
    assert load_segmenter(tmp_path, "ric", MachineParams()) is None
    model, same = segmenter(3), segmenter(3)
    initialise_segmenter(model, tmp_path, NO_WEIGHTS, "ric")
    assert equal(model, same)


def test_a_training_starts_from_the_segmenter_before(tmp_path: Path) -> None:
    best, other = write_segmenter(tmp_path)
    model = segmenter(3)
    initialise_segmenter(model, tmp_path, NO_WEIGHTS, "miou_pa")
    assert equal(model, other) and not equal(model, best)


def test_a_training_starts_from_the_backbone_of_a_classifier(tmp_path: Path) -> None:
    torch.manual_seed(5)
    classifier = build_classifier("small_resnet", 3)
    write_model(tmp_path, {"classes": ["a", "b", "c"]}, {}, {LAST: classifier.state_dict()})
    model, before = segmenter(3), segmenter(3)
    initialise_segmenter(model, tmp_path, NO_WEIGHTS, "ric")
    given, old, new = classifier.state_dict(), before.state_dict(), model.state_dict()
    changed = {key for key in new if not torch.equal(new[key], old[key])}
    assert changed
    lent = [v for v in given.values() if v.dim() == 4]
    for key in (k for k in changed if new[k].dim() == 4):
        assert any(v.shape == new[key].shape and torch.equal(v, new[key]) for v in lent), key
    heads = [key for key in new if new[key].dim() == 4 and new[key].shape[0] == 4]
    assert heads and not changed & set(heads)  # the classes of the segmenter are its own


def test_pretrained_weights_stand_in_for_a_classifier_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stages import segmenters

    write_segmenter(tmp_path / "segmenter")
    write_absent_model(tmp_path / "none", "no actor to classify")
    state = {LAST: build_classifier("small_resnet", 3).state_dict()}
    write_model(tmp_path / "classifier", {"classes": ["a", "b", "c"]}, {}, state)
    asked: list[object] = []
    monkeypatch.setattr(segmenters, "load_weights", lambda model, params: asked.append(params))
    weights = WeightsParams(source="torchvision")
    for init in ("segmenter", "classifier", "none"):
        assert not asked
        initialise_segmenter(segmenter(3), tmp_path / init, weights, "ric")
    assert asked == [weights]
