import os
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
import torchvision
from torch import nn

from pipeline.networks.base import Network
from pipeline.networks.classifiers import build_classifier
from pipeline.networks.segmenters import SegmenterParams, build_segmenter
from pipeline.networks.weights import WeightsParams, load_weights
from pipeline.runtime.errors import InputError


def saved(state: object, path: Path) -> WeightsParams:
    torch.save(state, path)
    return WeightsParams(source="file", path=str(path))


def message(module: Network, params: WeightsParams) -> str:
    with pytest.raises(InputError) as error:
        load_weights(module, params)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_round_trip(tmp_path: Path) -> None:
    source, target = build_classifier("small_3d", 3), build_classifier("small_3d", 3)
    load_weights(target, saved(source.state_dict(), tmp_path / "w.pt"))
    for key, value in source.state_dict().items():
        assert torch.equal(target.state_dict()[key], value)


def test_none_changes_nothing() -> None:
    model = build_classifier("small_resnet", 3)
    before = model.fc.weight.clone()
    load_weights(model, WeightsParams())
    assert torch.equal(model.fc.weight, before)


def test_other_number_of_classes_keeps_the_new_layer_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source, target = build_classifier("small_resnet", 3), build_classifier("small_resnet", 5)
    before = target.fc.weight.clone()
    params = saved(source.state_dict(), tmp_path / "w.pt")
    with caplog.at_level("INFO"):
        load_weights(target, params)
    assert torch.equal(target.fc.weight, before)
    assert torch.equal(target.backbone.stem[0].weight, source.backbone.stem[0].weight)
    assert "fc.bias, fc.weight keep their initialisation" in caplog.text
    with pytest.raises(InputError, match=r"another shape for fc.weight 3x96 instead of 5x96"):
        load_weights(target, params, strict_except=())


def test_torchvision_names_fit(tmp_path: Path) -> None:
    theirs = torchvision.models.resnet18(weights=None).eval()
    params = saved(theirs.state_dict(), tmp_path / "w.pt")
    ours = build_classifier("resnet18", 1000).eval()
    load_weights(ours, params, strict_except=())
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs(x), rtol=1e-4, atol=1e-4)
    segmenter = build_segmenter(SegmenterParams(backbone="resnet18"), 4)
    load_weights(segmenter, params)
    assert torch.equal(segmenter.backbone.layer4[1].conv2.weight, theirs.layer4[1].conv2.weight)


def test_file_of_another_network(tmp_path: Path) -> None:
    params = saved(build_classifier("resnet18", 3).state_dict(), tmp_path / "w.pt")
    text = message(build_classifier("small_resnet", 3), params)
    assert text.startswith(f"{params.path}: weights do not fit SmallResNet: it lacks backbone.stem")
    assert "and " in text and " more" in text
    assert "set source to none" in text


def test_a_missing_layer_is_named(tmp_path: Path) -> None:
    model = build_classifier("small_3d", 2)
    state = model.state_dict()
    del state["conv3.0.weight"]
    state["conv9.0.weight"] = torch.zeros(1)
    text = message(model, saved(state, tmp_path / "w.pt"))
    assert "it lacks conv3.0.weight; it has the unknown conv9.0.weight; give" in text


def test_nothing_is_loaded_from_a_file_that_does_not_fit(tmp_path: Path) -> None:
    model = build_classifier("small_3d", 2)
    state = {k: torch.zeros_like(v) for k, v in model.state_dict().items()}
    del state["conv3.0.weight"]
    message(model, saved(state, tmp_path / "w.pt"))
    assert model.conv1[0].weight.abs().sum() > 0


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("should_not_exist",)


def test_unreadable_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = build_classifier("small_3d", 2)
    missing = WeightsParams(source="file", path=str(tmp_path / "gone.pt"))
    assert "no such weights file" in message(model, missing)
    (tmp_path / "text.pt").write_text("not weights")
    text = message(model, WeightsParams(source="file", path=str(tmp_path / "text.pt")))
    assert "not a file of plain weights" in text
    (tmp_path / "empty.pt").write_bytes(b"")
    message(model, WeightsParams(source="file", path=str(tmp_path / "empty.pt")))
    message(model, WeightsParams(source="file", path=str(tmp_path)))
    assert "plain weights" in message(model, saved({"a": Evil()}, tmp_path / "evil.pt"))
    assert not (tmp_path / "should_not_exist").exists()
    nested = saved({"epoch": 3, "state_dict": {}}, tmp_path / "nested.pt")
    assert "state dict" in message(model, nested)


def test_truncated_file(tmp_path: Path) -> None:
    model = build_classifier("small_3d", 2)
    params = saved(model.state_dict(), tmp_path / "w.pt")
    data = (tmp_path / "w.pt").read_bytes()
    (tmp_path / "w.pt").write_bytes(data[: len(data) // 2])
    assert "not a file of plain weights" in message(model, params)


def test_torchvision_without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise URLError("no route")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", fail)
    params = WeightsParams(source="torchvision")
    text = message(build_classifier("resnet18", 2), params)
    assert "resnet18" in text and "set source to file" in text
    assert "no weights for SmallResNet" in message(build_classifier("small_resnet", 2), params)


def test_torchvision_weights_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = torchvision.models.vgg16(weights=None)
    nn.init.constant_(theirs.features[0].weight, 0.25)
    asked: list[str] = []

    def fetch(url: str, *args: object, **kwargs: object) -> dict[str, torch.Tensor]:
        asked.append(url)
        return theirs.state_dict()

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", fetch)
    model = build_segmenter(SegmenterParams(backbone="vgg16"), 2)
    load_weights(model, WeightsParams(source="torchvision"))
    assert "vgg16-397923af" in asked[0]
    assert (model.backbone.features[0].weight == 0.25).all()


def test_path_and_source_go_together() -> None:
    with pytest.raises(ValueError, match="path must be given with source 'file'"):
        WeightsParams(source="file")
    with pytest.raises(ValueError, match="path must be given"):
        WeightsParams(source="none", path="w.pt")
