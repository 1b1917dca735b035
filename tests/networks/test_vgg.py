from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn

from pipeline.networks.vgg import VGG16, VGG16Backbone
from pipeline.networks.weights import WeightsParams, load_weights


def test_convolutions_stand_where_torchvision_has_them() -> None:
    theirs = torchvision.models.vgg16(weights=None).features
    ours = VGG16Backbone().features
    for i, module in enumerate(theirs):
        if isinstance(module, nn.Conv2d):
            assert isinstance(ours[i], nn.Conv2d)
            assert ours[i].weight.shape == module.weight.shape
            assert ours[i].dilation == ((2, 2) if i >= 24 else (1, 1))


def test_first_four_blocks_compute_what_torchvision_computes() -> None:
    theirs = torchvision.models.vgg16(weights=None).features
    ours = VGG16Backbone()
    ours.features.load_state_dict(theirs.state_dict())
    x = torch.randn(1, 3, 32, 48)
    with torch.no_grad():
        torch.testing.assert_close(ours.features[:23](x), theirs[:23](x))
        assert ours(x).shape == (1, 512, 4, 6)


def test_mean_of_the_score_maps_is_the_logits() -> None:
    model = VGG16(3).eval()
    with torch.no_grad():
        features = model.features(torch.randn(1, 3, 32, 48))
        maps = model.score_maps(features)
        logits = model.logits_from(features)
    assert maps.shape == (1, 3, 4, 6)
    torch.testing.assert_close(maps.mean((2, 3)), logits)


def test_dropout_acts_on_whole_channels_in_training_only() -> None:
    model = VGG16(2).train()
    with torch.no_grad():
        features = model.features(torch.rand(1, 3, 16, 16))
        dead = (features == 0).all(3).all(2).float().mean()
        assert dead > 0.3
        model.eval()
        x = torch.rand(1, 3, 16, 16)
        assert torch.equal(model(x), model(x))


@pytest.mark.slow
def test_published_features_load(shared_dir: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = shared_dir / "weights" / "vgg16_features.pth"
    state = torch.load(path, weights_only=True)
    model = VGG16(5)
    with caplog.at_level("INFO"):
        load_weights(model, WeightsParams(source="file", path=str(path)))
    assert torch.equal(model.backbone.features[28].weight, state["features.28.weight"])
    assert "head.weight" in caplog.text
