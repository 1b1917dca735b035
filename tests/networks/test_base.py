import pytest
import torch
from torch import nn

from pipeline.networks.base import check_input
from pipeline.networks.classifiers import build_classifier
from pipeline.runtime.errors import InputError


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("small_resnet", (2, 3, 32, 48)),
        ("resnet18", (2, 3, 64, 96)),
        ("vgg16", (1, 3, 32, 40)),
        ("small_3d", (2, 3, 8, 16, 24)),
        ("i3d", (1, 3, 9, 64, 40)),
    ],
)
def test_features_have_the_announced_strides_and_pooled_scores_are_mean_scores(
    name: str, shape: tuple[int, ...]
) -> None:
    model = build_classifier(name, 4).eval()
    x = torch.randn(shape)
    with torch.no_grad():
        features = model.features(x)
        logits = model(x)
    strides = [model.temporal_stride] * (model.dimensions - 2) + [model.spatial_stride] * 2
    expected = [-(-n // s) for n, s in zip(shape[2:], strides, strict=True)]
    assert list(features.shape[2:]) == expected
    assert features.min() >= 0
    assert logits.shape == (shape[0], 4)
    # The same score computed the other way round: score each position, then average.
    weights = model.class_weights
    assert weights is not None
    bias = model.classification_layer.bias
    scores = torch.einsum("kc,bcn->bkn", weights, features.flatten(2)).mean(2) + bias
    torch.testing.assert_close(logits, scores, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["small_resnet", "resnet18", "vgg16", "small_3d", "i3d"])
def test_output_of_the_last_layer_is_the_features(name: str) -> None:
    model = build_classifier(name, 2).eval()
    x = torch.randn((1, 3, 32, 32) if model.dimensions == 2 else (1, 3, 8, 32, 32))
    seen: list[torch.Tensor] = []
    for layer in model.layers:
        assert isinstance(model.layer(layer), nn.Module)
    model.layer(model.last_layer).register_forward_hook(lambda m, i, o: seen.append(o))
    with torch.no_grad():
        features = model.features(x)
    assert torch.equal(seen[0], features)


def test_unknown_layer_names_those_that_exist() -> None:
    with pytest.raises(InputError, match=r"no layer 'block9'.*block1, block2, block3, block4"):
        build_classifier("small_resnet", 2).layer("block9")


def test_check_input_names_expected_and_received() -> None:
    check_input(torch.zeros(1, 3, 4, 5), 2)
    with pytest.raises(ValueError, match=r"B 3 T H W, received shape \(1, 3, 4, 5\)"):
        check_input(torch.zeros(1, 3, 4, 5), 3)
    with pytest.raises(ValueError, match=r"B 3 H W, received shape \(1, 4, 4, 5\)"):
        check_input(torch.zeros(1, 4, 4, 5), 2)
