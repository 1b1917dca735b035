from collections.abc import Mapping, Sequence

import pytest
import torch
from torch import nn

from pipeline.networks.base import Layer, check_input
from pipeline.networks.classifiers import build_classifier
from pipeline.runtime.errors import InputError


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("small_resnet", (2, 3, 32, 48)),
        ("small_bagnet", (2, 3, 32, 48)),
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
    last = model.layer()
    strides = [last.temporal_stride] * (model.dimensions - 2) + [last.stride] * 2
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


@pytest.mark.parametrize(
    "name", ["small_resnet", "small_bagnet", "resnet18", "vgg16", "small_3d", "i3d"]
)
def test_output_of_the_last_layer_is_the_features(name: str) -> None:
    model = build_classifier(name, 2).eval()
    x = torch.randn((1, 3, 32, 32) if model.dimensions == 2 else (1, 3, 8, 32, 32))
    seen: list[torch.Tensor] = []
    model.get_submodule(model.layer().path).register_forward_hook(lambda m, i, o: seen.append(o))
    with torch.no_grad():
        features = model.features(x)
    assert torch.equal(seen[0], features)


def seen_pixels(
    name: str, layers: Sequence[str], shape: tuple[int, ...], axis: int
) -> dict[str, tuple[int, float, int]]:
    """Where a position in the middle of ``axis`` looks: its number, the mean pixel, how many.

    With positive weights and averages for maxima the network is linear, and all kernels are even.
    """
    model = build_classifier(name, 2).eval()
    for module in list(model.modules()):
        for child, pool in list(module.named_children()):
            if isinstance(pool, nn.MaxPool2d):
                averages = nn.AvgPool2d(
                    pool.kernel_size, pool.stride, pool.padding, count_include_pad=True
                )
                setattr(module, child, averages)
    for weight in model.parameters():
        nn.init.constant_(weight, 1 / weight[0].numel() if weight.ndim > 1 else 1)
    outputs: dict[str, torch.Tensor] = {}
    for layer in layers:
        model.get_submodule(model.layer(layer).path).register_forward_hook(
            lambda m, i, output, layer=layer: outputs.update({layer: output})
        )
    x = torch.ones(shape, requires_grad=True)
    model.features(x)
    others = [i for i in range(len(shape)) if i != axis]
    found = {}
    for layer in layers:
        map_ = outputs[layer].sum(dim=others)
        middle = len(map_) // 2
        (gradient,) = torch.autograd.grad(map_[middle], x, retain_graph=True)
        along = gradient.double().sum(dim=others)
        pixels = torch.arange(len(along), dtype=torch.float64)
        mean = float((along * pixels).sum() / along.sum())
        found[layer] = (middle, mean, int((along > 0).sum()))
    return found


def different(layers: Mapping[str, Layer]) -> dict[str, Layer]:
    """One layer of those that announce the same positions."""
    return dict({layer[1:]: (name, layer) for name, layer in layers.items()}.values())


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("small_resnet", (1, 3, 32, 256)),
        ("small_bagnet", (1, 3, 32, 256)),
        ("resnet18", (1, 3, 32, 1024)),
        ("vgg16", (1, 3, 16, 512)),
        ("small_3d", (1, 3, 4, 16, 64)),
        ("i3d", (1, 3, 4, 16, 1280)),
    ],
)
def test_positions_stand_for_the_middle_of_what_they_see(
    name: str, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.nn.functional, "max_pool3d", torch.nn.functional.avg_pool3d)
    layers = different(build_classifier(name, 2).layers)
    seen = seen_pixels(name, list(layers), shape, len(shape) - 1)
    for layer_name, layer in layers.items():
        number, pixel, _ = seen[layer_name]
        assert pixel == pytest.approx(layer.origin + number * layer.stride, abs=0.01), layer_name


@pytest.mark.parametrize(
    ("name", "shape"), [("small_3d", (1, 3, 64, 8, 8)), ("i3d", (1, 3, 224, 16, 16))]
)
def test_maps_stand_for_the_middle_of_the_frames_they_see(
    name: str, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.nn.functional, "max_pool3d", torch.nn.functional.avg_pool3d)
    layers = different(build_classifier(name, 2).layers)
    seen = seen_pixels(name, list(layers), shape, 2)
    for layer_name, layer in layers.items():
        number, frame, _ = seen[layer_name]
        expected = layer.temporal_origin + number * layer.temporal_stride
        assert frame == pytest.approx(expected, abs=0.01), layer_name


def test_the_local_network_sees_less() -> None:
    """3 of the stem, then twice two positions of 2, of 2 and 4, of 4 and 8, of 8 pixels."""
    assert 3 + 2 * (2 + 2) + 2 * (2 + 4) + 2 * (4 + 8) == 47
    shape = (1, 3, 32, 256)
    assert seen_pixels("small_resnet", ["block4"], shape, 3)["block4"][2] == 79
    assert seen_pixels("small_bagnet", ["block4"], shape, 3)["block4"][2] == 47


def test_unknown_layer_names_those_that_exist() -> None:
    with pytest.raises(InputError, match=r"no layer 'block9'.*block1, block2, block3, block4"):
        build_classifier("small_resnet", 2).layer("block9")


def test_check_input_names_expected_and_received() -> None:
    check_input(torch.zeros(1, 3, 4, 5), 2)
    with pytest.raises(ValueError, match=r"B 3 T H W, received shape \(1, 3, 4, 5\)"):
        check_input(torch.zeros(1, 3, 4, 5), 3)
    with pytest.raises(ValueError, match=r"B 3 H W, received shape \(1, 4, 4, 5\)"):
        check_input(torch.zeros(1, 4, 4, 5), 2)
