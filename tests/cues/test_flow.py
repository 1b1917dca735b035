from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from pydantic import ValidationError

from pipeline.cues.flow import FlowParams, Method, Preset, estimate, estimate_all
from pipeline.networks.raft import Raft
from pipeline.runtime.errors import InputError


def texture(height: int, width: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    """H W 3: noise, smooth enough that its movement can be seen."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2).astype(float)
    return np.clip((smooth - smooth.mean()) * 4 + 128, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "method, preset, tolerance",
    [
        ("dis", "ultrafast", 0.3),
        ("dis", "fast", 0.2),
        ("dis", "medium", 0.1),
        ("farneback", "medium", 0.1),
    ],
)
def test_a_translation_is_found(method: Method, preset: Preset, tolerance: float) -> None:
    large = texture(140, 180)
    # what lies at p in the first frame lies at p + (5, -3) in the second
    first, second = large[20:116, 20:148], large[23:119, 15:143]
    flow = estimate(first, second, FlowParams(method=method, preset=preset))
    assert flow.shape == (96, 128, 2) and flow.dtype == np.float32
    away = np.abs(flow - [5, -3])[12:-12, 12:-12]
    assert away.mean() < tolerance


@pytest.mark.parametrize("method", ["dis", "farneback"])
def test_a_still_shot_has_no_flow(method: Method) -> None:
    for image in (texture(40, 56), np.full((40, 56, 3), 90, np.uint8)):
        flow = estimate(image, image.copy(), FlowParams(method=method))
        assert np.abs(flow).max() < 0.1  # Farneback is a little off at the border


def test_frames_that_do_not_fit() -> None:
    for second in (texture(40, 57), np.zeros((40, 56), np.uint8)):
        with pytest.raises(ValueError, match="two frames H W 3 of one size, received"):
            estimate(texture(40, 56), second, FlowParams())


def test_flow_of_a_video() -> None:
    large = texture(100, 140)
    frames = [large[10:74, 10 + 4 * t : 106 + 4 * t] for t in range(3)]  # the camera pans
    forward, backward = estimate_all(frames, FlowParams(backward=True))
    assert len(forward) == len(backward) == 2
    for there, back in zip(forward, backward, strict=True):
        assert np.median(there[..., 0]) == pytest.approx(-4, abs=0.1)
        assert np.median(back[..., 0]) == pytest.approx(4, abs=0.1)
    half, none = estimate_all(frames, FlowParams(max_side=48))
    assert none == [] and half[0].shape == (32, 48, 2)
    assert np.median(half[0][..., 0]) == pytest.approx(-2, abs=0.1)
    assert estimate_all(frames[:1], FlowParams()) == ([], [])


def raft_file(folder: Path) -> str:
    torch.manual_seed(0)
    torch.save(Raft().raft.state_dict(), folder / "raft.pth")  # as torchvision publishes them
    return str(folder / "raft.pth")


def test_raft_answers_as_torchvisions(tmp_path: Path) -> None:
    weights = raft_file(tmp_path)
    first, second = texture(128, 136), texture(128, 136, seed=1)
    flow = estimate(first, second, FlowParams(method="raft", weights=weights))
    theirs = Raft().raft.eval()
    theirs.load_state_dict(torch.load(weights, weights_only=True))
    pair = [torch.from_numpy(x).permute(2, 0, 1)[None] / 127.5 - 1 for x in (first, second)]
    with torch.no_grad():
        expected = theirs(*pair)[-1][0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(flow, expected, atol=1e-3)
    small = estimate(first[:50, :61], second[:50, :61], FlowParams(method="raft", weights=weights))
    assert small.shape == (50, 61, 2) and np.isfinite(small).all()


def test_raft_needs_its_own_weights(tmp_path: Path) -> None:
    torch.save({"features.0.weight": torch.zeros(3)}, tmp_path / "vgg.pth")
    for name, said in (("vgg.pth", "weights do not fit Raft"), ("none.pth", "no such weights")):
        params = FlowParams(method="raft", weights=str(tmp_path / name))
        with pytest.raises(InputError, match=said):
            estimate(texture(40, 56), texture(40, 56), params)
    with pytest.raises(ValidationError, match="weights are for method raft"):
        FlowParams(method="dis", weights="raft.pth")
