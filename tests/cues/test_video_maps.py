from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from pipeline.cues.cam import multi_scale_cam
from pipeline.cues.grad_cam import class_maps, normalise_maps
from pipeline.cues.positions import cover_frame
from pipeline.cues.video_maps import (
    CamParams,
    answering_classes,
    clip_maps,
    frame_maps,
)
from pipeline.networks.base import Layer
from pipeline.networks.classifiers import build_classifier
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params

PARAMS = CamParams()


class Sees(nn.Module):
    """The features are the input itself; class k's map is channel k. Pools and weighs."""

    last_layer = "input"

    def layer(self, name: str | None = None) -> Layer:
        return Layer("input", 1)

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.eye(3))
        self.seen: list[tuple[int, ...]] = []

    @property
    def class_weights(self) -> Tensor:
        return self.weights

    def normalise(self, x: Tensor) -> Tensor:
        return x

    def features(self, x: Tensor) -> Tensor:
        self.seen.append(tuple(x.shape))
        return x


def ramp(count: int) -> npt.NDArray[np.uint8]:
    """T 2 3 3: frame t has red 10 (t + 1) but for one corner, green 20 everywhere, blue 0."""
    images = np.zeros((count, 2, 3, 3), np.uint8)
    images[..., 0] = 10 * (np.arange(count) + 1)[:, None, None]
    images[:, 0, 0, 0] = 5
    images[..., 1] = 20
    return images


def sees() -> Any:
    return Sees().eval()


def test_frame_maps_by_hand() -> None:
    model = sees()
    maps, logits = frame_maps(model, ramp(5), [1, 0, 2], PARAMS, batch=2)
    assert logits is None
    assert maps.shape == (5, 3, 2, 3) and maps.dtype == np.float32
    assert model.seen == [(2, 3, 2, 3), (2, 3, 2, 3), (1, 3, 2, 3)]
    assert (maps[:, 0] == 1).all() and (maps[:, 2] == 0).all()
    for t in range(5):
        assert maps[t, 1] == pytest.approx(np.array([[5 / (10 * t + 10), 1, 1], [1, 1, 1]]))


def test_frame_maps_of_a_network_do_not_depend_on_the_batch() -> None:
    model = build_classifier("small_resnet", 4).eval()
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 40, 3), dtype=np.uint8)
    maps, _ = frame_maps(model, images, [3, 1], PARAMS, batch=2)
    x = model.normalise(torch.from_numpy(images).permute(0, 3, 1, 2).float())
    with torch.no_grad():
        small = cover_frame(class_maps(model, x, [3, 1]), model.layer(), 32, 40)
    expected = normalise_maps(small).numpy()
    assert maps.shape == (3, 2, 8, 10)
    np.testing.assert_allclose(maps, expected, atol=1e-5)


def test_cam_of_frames_with_the_logits_of_all_classes() -> None:
    model = build_classifier("small_resnet", 4).eval()
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 40, 3), dtype=np.uint8)
    params = CamParams(method="cam", scales=(0.5, 1.0, 2.0), flip=True)
    maps, logits = frame_maps(model, images, [3, 1], params, batch=2)
    x = model.normalise(torch.from_numpy(images).permute(0, 3, 1, 2).float())
    whole = multi_scale_cam(model, x, params.scales, params.flip)
    assert maps.shape == (3, 2, 16, 20) and logits is not None
    np.testing.assert_allclose(maps, normalise_maps(whole.maps[:, [3, 1]]).numpy(), atol=1e-5)
    np.testing.assert_allclose(logits, whole.logits.numpy(), atol=1e-5)


def test_answering_classes_by_hand() -> None:
    scores = np.array([[0.1, 0.9, 0.2, 0.95], [0.1, 0.2, 0.3, 0.2]])
    assert answering_classes([2], scores, 0.9) == [2, 3]  # 0.9 is not above 0.9
    assert answering_classes([3, 0], scores, 0.8) == [0, 1, 3]


@pytest.mark.parametrize(
    "values, message",
    [
        ({"scales": [0.5, 1]}, "scales, flip and above need method cam"),
        ({"method": "grad_cam++", "flip": True}, "scales, flip and above need method cam"),
        ({"above": 0.5}, "scales, flip and above need method cam"),
        ({"method": "cam", "layer": "block3"}, "set layer to null"),
        ({"method": "cam", "scales": []}, r"cam\.scales = \[\]"),
        ({"method": "cam", "scales": [0]}, r"cam\.scales\.0 = 0"),
    ],
)
def test_refuses(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_params(CamParams, values, "cam")


def test_cam_is_for_frames() -> None:
    clips = [(ramp(3), np.array([0, 1, 2]))]
    with pytest.raises(InputError, match="choose grad_cam for clips"):
        clip_maps(sees(), clips, np.array([1]), [0], CamParams(method="cam"))


def test_a_clip_is_scaled_as_a_whole() -> None:
    numbers = np.array([4, 6, 8, 10])
    maps = clip_maps(sees(), [(ramp(4), numbers)], np.array([10, 4, 7]), [0], PARAMS)
    assert maps.shape == (3, 1, 2, 3)
    # a map for each frame of the clip: red 10, 20, 30, 40 of at most 40
    assert maps[:, 0, 1, 1] == pytest.approx([1.0, 0.25, 0.625])


def test_each_frame_takes_the_clip_whose_middle_is_nearest() -> None:
    first, second = ramp(3), ramp(3)
    second[..., 0] = [[[7]], [[14]], [[28]]]
    clips = [(first, np.array([0, 1, 2])), (second, np.array([2, 3, 4]))]
    # frame 2 is as far from both middles, 1 and 3: the first clip
    maps = clip_maps(sees(), clips, np.array([4, 3, 2, 0]), [0], PARAMS)
    assert maps[:, 0, 1, 1] == pytest.approx([1.0, 0.5, 1.0, 1 / 3])


def test_a_clip_that_no_frame_needs_is_not_run() -> None:
    model = sees()
    clips = [(ramp(3), np.array([0, 1, 2])), (ramp(3), np.array([10, 11, 12]))]
    clip_maps(model, clips, np.array([1]), [0], PARAMS)
    assert model.seen == [(1, 3, 3, 2, 3)]


def test_clip_maps_of_a_network() -> None:
    model = build_classifier("small_3d", 4).eval()
    images = np.random.default_rng(0).integers(0, 256, (8, 16, 24, 3), dtype=np.uint8)
    frames = np.array([0, 3, 7])
    maps = clip_maps(model, [(images, np.arange(8))], frames, [2, 0], PARAMS)
    assert maps.shape == (3, 2, 8, 12)
    assert maps.min() >= 0 and maps.max() <= 1
