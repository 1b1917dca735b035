import itertools
import math

import pytest
import torch
from torch import Tensor, nn

from pipeline.cues.grad_cam import (
    class_maps,
    grad_cam,
    grad_cam_from_weights,
    grad_cam_plus_plus,
    normalise_maps,
)
from pipeline.networks.base import Classifier, Layer
from pipeline.networks.classifiers import build_classifier
from pipeline.runtime.errors import InputError


class TinyNet(Classifier):
    """Two smooth-ish convolutions and a head that is not pooling and one linear layer."""

    dimensions = 3
    layers = {"first": Layer("first", 1), "second": Layer("second", 1)}  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv3d(3, 3, 3, padding=1), nn.Softplus())
        self.second = nn.Sequential(nn.Conv3d(3, 2, 3, padding=1), nn.Softplus())
        self.head = nn.Linear(2, 3)

    def normalise(self, x: Tensor) -> Tensor:
        return x

    def features(self, x: Tensor) -> Tensor:
        return self.second(self.first(x))

    def logits_from(self, features: Tensor) -> Tensor:
        return self.head((features**2).flatten(2).mean(2))


def finite_differences(model: TinyNet, features: Tensor, tail, c: int) -> Tensor:
    """d y_c / d A by moving every single value of A."""
    step = 1e-5
    result = torch.zeros_like(features)
    for index in itertools.product(*map(range, features.shape)):
        moved = [features.clone(), features.clone()]
        moved[0][index] += step
        moved[1][index] -= step
        with torch.no_grad():
            up, down = (tail(m)[index[0], c] for m in moved)
        result[index] = (up - down) / (2 * step)
    return result


@pytest.mark.parametrize("layer", [None, "first"])
def test_3d_maps_against_finite_differences(layer: str | None) -> None:
    torch.manual_seed(3)
    model = TinyNet().double().eval()
    x = torch.randn(2, 3, 3, 4, 5, dtype=torch.float64)
    with torch.no_grad():
        first = model.first(x)
        features = first if layer else model.second(first)

    def tail(a: Tensor) -> Tensor:
        return model.logits_from(model.second(a) if layer else a)

    maps = class_maps(model, x, [2, 0], layer=layer)
    assert maps.shape == (2, 2, 3, 4, 5)
    for k, c in enumerate([2, 0]):
        gradients = finite_differences(model, features, tail, c)
        weights = gradients.mean((2, 3, 4))
        for b in range(2):
            expected = sum(weights[b, m] * features[b, m] for m in range(features.shape[1]))
            torch.testing.assert_close(maps[b, k], expected.clamp(min=0), rtol=1e-6, atol=1e-9)
    assert maps.max() > 0


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("small_resnet", (2, 3, 32, 48)),
        ("vgg16", (1, 3, 24, 32)),
        ("small_3d", (2, 3, 8, 16, 24)),
        ("i3d", (1, 3, 16, 64, 32)),
    ],
)
def test_closed_form_equals_autograd(
    name: str, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = build_classifier(name, 4).eval()
    nn.init.normal_(model.classification_layer.weight, mean=0.5)  # so that maps are not all dark
    x = torch.randn(shape)
    closed = class_maps(model, x, [3, 1])
    monkeypatch.setattr(type(model), "class_weights", None)
    # logits_from needs the linear layer still; give it another way to the same function.
    layer = model.classification_layer

    def logits_from(features: Tensor) -> Tensor:
        return features.flatten(2).mean(2) @ layer.weight.flatten(1).T + layer.bias

    monkeypatch.setattr(model, "logits_from", logits_from)
    slow = class_maps(model, x, [3, 1])
    assert closed.shape == slow.shape
    assert closed.max() > 0
    scale = slow.max().item()
    torch.testing.assert_close(closed / scale, slow / scale, rtol=1e-4, atol=1e-5)


def test_grad_cam_by_hand() -> None:
    features = torch.tensor([[[[1.0, 2.0]], [[4.0, 0.0]]]])  # B1 C2 h1 w2
    gradients = torch.tensor([[[[2.0, 4.0]], [[-1.0, 0.0]]]])  # means 3 and -0.5
    # 3*1 - 0.5*4 = 1; 3*2 - 0 = 6
    assert grad_cam(features, gradients).tolist() == [[[1.0, 6.0]]]
    assert grad_cam(features, -gradients).tolist() == [[[0.0, 0.0]]]
    weights = torch.tensor([[9.0, 9.0], [6.0, -1.0]])  # class 1: divided by 2 positions
    assert grad_cam_from_weights(features, weights, [1]).tolist() == [[[[1.0, 6.0]]]]


@pytest.mark.parametrize("spatial", [(3, 4), (2, 3, 4)])
def test_grad_cam_plus_plus_against_a_slow_loop(spatial: tuple[int, ...]) -> None:
    """Eq. 18, 19 and 5 of the paper word for word, with Y = exp(S)."""
    torch.manual_seed(1)
    features = torch.rand(2, 3, *spatial, dtype=torch.float64)
    gradients = torch.randn(2, 3, *spatial, dtype=torch.float64)
    score = 0.7
    maps = grad_cam_plus_plus(features, gradients)
    for b in range(2):
        total = torch.zeros(spatial, dtype=torch.float64)
        for k in range(3):
            area = float(features[b, k].sum())
            weight = 0.0
            for place in itertools.product(*map(range, spatial)):
                g = float(gradients[b, k][place])
                alpha = g**2 / (2 * g**2 + area * g**3)
                weight += alpha * max(math.exp(score) * g, 0)
            total += weight * features[b, k]
        expected = total.clamp(min=0)
        torch.testing.assert_close(maps[b] / maps[b].max(), expected / expected.max())
        torch.testing.assert_close(maps[b] * math.exp(score), expected)


def test_grad_cam_plus_plus_survives_zeros() -> None:
    assert not grad_cam_plus_plus(torch.zeros(1, 2, 2, 2), torch.zeros(1, 2, 2, 2)).any()


def test_grad_cam_plus_plus_of_a_model_uses_its_gradients() -> None:
    model = build_classifier("small_resnet", 3).eval()
    x = torch.randn(2, 3, 32, 32)
    maps = class_maps(model, x, [1], method="grad_cam++")
    with torch.no_grad():
        features = model.features(x)
    gradients = (model.fc.weight[1].detach() / 16)[None, :, None, None].expand_as(features)
    torch.testing.assert_close(maps[:, 0], grad_cam_plus_plus(features, gradients))


@pytest.mark.parametrize("layer", [None, "block2"])
def test_maps_leave_the_model_as_it_was(layer: str | None) -> None:
    model = build_classifier("small_resnet", 3).eval()
    x = torch.randn(1, 3, 32, 32)
    for method in ("grad_cam", "grad_cam++"):
        maps = class_maps(model, x, [0, 2], method=method, layer=layer)  # type: ignore[arg-type]
        assert not maps.requires_grad
    assert torch.is_grad_enabled()
    assert all(p.grad is None for p in model.parameters())
    assert all(not m._forward_hooks for m in model.modules())
    assert maps.shape == (1, 2, 4, 4) if layer is None else maps.shape == (1, 2, 8, 8)


def test_naming_the_last_layer_is_the_default() -> None:
    model = build_classifier("small_3d", 3).eval()
    x = torch.randn(1, 3, 8, 16, 16)
    assert torch.equal(class_maps(model, x, [1]), class_maps(model, x, [1], layer="conv4"))


def test_class_maps_refuses() -> None:
    model = build_classifier("small_resnet", 3)
    x = torch.randn(1, 3, 32, 32)
    with pytest.raises(ValueError, match="evaluation mode"):
        class_maps(model, x, [0])
    model.eval()
    for layer in (None, "block2"):
        with pytest.raises(ValueError, match=r"classes in 0..2, received \[3\]"):
            class_maps(model, x, [3], layer=layer)
    with pytest.raises(ValueError, match="at least one class"):
        class_maps(model, x, [])
    with pytest.raises(InputError, match="no layer 'Mixed_5c'"):
        class_maps(model, x, [0], layer="Mixed_5c")
    with pytest.raises(ValueError, match="of one shape"):
        grad_cam(torch.zeros(1, 2, 3, 3), torch.zeros(1, 2, 3, 4))
    with pytest.raises(ValueError, match="K C"):
        grad_cam_from_weights(torch.zeros(1, 2, 3, 3), torch.zeros(4, 3), [0])


def test_normalise_each_map_or_each_clip() -> None:
    maps = torch.tensor([[[1.0, 4.0]], [[0.0, 0.0]], [[2.0, 0.5]]])  # T3 h1 w2
    assert normalise_maps(maps).tolist() == [[[0.25, 1.0]], [[0.0, 0.0]], [[1.0, 0.25]]]
    assert normalise_maps(maps, axes=3).tolist() == [[[0.25, 1.0]], [[0, 0]], [[0.5, 0.125]]]
    with pytest.raises(ValueError, match="at least 4 axes"):
        normalise_maps(maps, axes=4)
