from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.cues.cam import cam, multi_scale_cam
from pipeline.networks.base import Layer
from pipeline.networks.classifiers import build_classifier
from pipeline.runtime.errors import InputError


class Shifts(nn.Module):
    """Features are the input, moved one pixel to the right; classes are weighted channels."""

    def __init__(self, weights: Tensor | None) -> None:
        super().__init__()
        self.class_weights = weights
        self.seen: list[tuple[int, ...]] = []

    def layer(self, name: str | None = None) -> Layer:
        return Layer("", 1)

    def features(self, x: Tensor) -> Tensor:
        self.seen.append(tuple(x.shape[-2:]))
        return F.pad(x, (1, 0))[..., :-1]

    def logits_from(self, features: Tensor) -> Tensor:
        assert self.class_weights is not None
        return features.mean((2, 3)) @ self.class_weights.T


def shifts(weights: Tensor | None) -> Any:
    return Shifts(weights).eval()


def test_cam_by_hand() -> None:
    features = torch.tensor([[[[1.0, 2.0]], [[4.0, 0.0]]]])  # B1 C2 h1 w2
    weights = torch.tensor([[3.0, -0.5], [-1.0, 1.0]])
    # class 0: 3 - 2, 6 - 0; class 1: 4 - 1, -2
    assert cam(features, weights).tolist() == [[[[1.0, 6.0]], [[3.0, 0.0]]]]


def test_channel_of_the_last_map_of_the_fully_convolutional_network() -> None:
    model: Any = build_classifier("vgg16", 3).eval()
    nn.init.normal_(model.head.weight)
    nn.init.constant_(model.head.bias, 2.5)
    x = torch.randn(2, 3, 24, 32)
    answer = multi_scale_cam(model, x)
    with torch.no_grad():
        last = model.score_maps(model.features(x))  # the bias is the same at every position
        torch.testing.assert_close(answer.maps, (last - 2.5).relu())
        torch.testing.assert_close(answer.logits, last.mean((2, 3)))
    assert answer.maps.max() > 0


def test_the_mirrored_copy_is_mirrored_back() -> None:
    x = torch.zeros(1, 1, 1, 6)
    x[..., 2] = 8
    model = shifts(torch.ones(1, 1))
    assert multi_scale_cam(model, x).maps.flatten().tolist() == [0, 0, 0, 8, 0, 0]
    answer = multi_scale_cam(model, x, flip=True)
    # the copy has the 8 at 3, its map at 4, mirrored back at 1
    assert answer.maps.flatten().tolist() == [0, 8, 0, 8, 0, 0]


def test_the_maximum_over_scales_at_the_size_of_the_largest_map() -> None:
    x = torch.zeros(1, 2, 2, 4)
    x[:, 0] = 3
    x[:, 1, :, 3] = 6
    model = shifts(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
    answer = multi_scale_cam(model, x, scales=(1.0, 2.0, 0.5))
    assert model.seen == [(4, 8), (2, 4), (1, 2)]
    assert answer.maps.shape == (1, 2, 4, 8)
    # class 0: only the largest copy reaches its second column, 0 in each copy's first one
    assert answer.maps[0, 0, 0].tolist() == [0, 3, 3, 3, 3, 3, 3, 3]
    # logits are those of the frame as it is: 3 * 3 of 4 columns; the 6 has left the frame
    assert answer.logits.tolist() == [[9 / 4, 0.0]]


def test_maps_do_not_shrink_with_the_size_of_the_frame() -> None:
    model = shifts(torch.ones(1, 1))
    for size in (4, 16):
        assert multi_scale_cam(model, torch.full((1, 1, size, size), 5.0)).maps.max() == 5


def test_logits_without_the_scale_of_the_frame() -> None:
    model: Any = build_classifier("small_resnet", 3).eval()
    x = torch.randn(2, 3, 32, 48)
    answer = multi_scale_cam(model, x, scales=(0.5, 2.0), flip=True)
    with torch.no_grad():
        torch.testing.assert_close(answer.logits, model(x))
    assert answer.maps.shape == (2, 3, 16, 24)


def test_refuses() -> None:
    with pytest.raises(ValueError, match=r"received \(1, 2, 3, 3\) and \(4, 3\)"):
        cam(torch.zeros(1, 2, 3, 3), torch.zeros(4, 3))
    with pytest.raises(ValueError, match="evaluation mode"):
        multi_scale_cam(shifts(torch.ones(1, 1)).train(), torch.zeros(1, 1, 2, 2))
    with pytest.raises(InputError, match="Shifts does not; choose grad_cam"):
        multi_scale_cam(shifts(None), torch.zeros(1, 1, 2, 2))
