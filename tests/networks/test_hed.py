from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from torch import Tensor

from pipeline.networks.hed import Hed, load_hed
from pipeline.runtime.errors import InputError

BLOCKS = {"One": [3, 64, 64], "Two": [64, 128, 128], "Thr": [128, 256, 256, 256]}
BLOCKS |= {"Fou": [256, 512, 512, 512], "Fiv": [512, 512, 512, 512]}


def published() -> dict[str, Tensor]:
    """Generated weights under the names, and of the shapes, of the published file."""
    state = {}
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        fan_in = max(int(np.prod(shape[1:])), 1)
        return torch.randn(shape, generator=generator) * (2 / fan_in) ** 0.5 * 0.7

    for block, channels in BLOCKS.items():
        first = 0 if block == "One" else 1  # a pooling stands before the others
        for i, (before, after) in enumerate(pairwise(channels)):
            state[f"netVgg{block}.{first + 2 * i}.weight"] = draw(after, before, 3, 3)
            state[f"netVgg{block}.{first + 2 * i}.bias"] = draw(after) * 0.1
        state[f"netScore{block}.weight"] = draw(1, channels[-1], 1, 1) * 0.1
        state[f"netScore{block}.bias"] = draw(1) * 0.1
    state["netCombine.0.weight"], state["netCombine.0.bias"] = draw(1, 5, 1, 1), draw(1)
    return state


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    return published()


@pytest.fixture(scope="module")
def model(state: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Hed:
    path = tmp_path_factory.mktemp("weights") / "hed.pt"
    torch.save(state, path)
    return load_hed(str(path), "cpu")


def frame(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)


def test_names_and_shapes(state: dict[str, Tensor]) -> None:
    own = Hed().state_dict()
    assert {k: v.shape for k, v in own.items()} == {k: v.shape for k, v in state.items()}


def test_the_names_of_the_published_file(state: dict[str, Tensor], tmp_path: Path) -> None:
    older = {k.replace("net", "module", 1): v for k, v in state.items()}
    torch.save(older, tmp_path / "older.pt")
    loaded = load_hed(str(tmp_path / "older.pt"), "cpu")
    assert not loaded.training
    for name, value in loaded.state_dict().items():
        assert torch.equal(value, state[name])


def test_means_and_order_of_the_channels() -> None:
    x = torch.tensor([200, 100, 50], dtype=torch.uint8).view(1, 3, 1, 1)  # R, G, B
    blue, green, red = Hed().normalise(x).flatten().tolist()
    assert blue == pytest.approx(50 - 104.007, abs=1e-3)
    assert green == pytest.approx(100 - 116.669, abs=1e-3)
    assert red == pytest.approx(200 - 122.679, abs=1e-3)


def bilinear(score: np.ndarray, height: int, width: int) -> np.ndarray:
    """Interpolation by loops: pixel centres, borders repeated."""
    found = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            at = [
                min(max((i + 0.5) * small / large - 0.5, 0), small - 1)
                for i, small, large in zip((y, x), score.shape, (height, width), strict=True)
            ]
            (top, left), (dy, dx) = np.floor(at).astype(int), np.modf(at)[0]
            bottom, right = min(top + 1, score.shape[0] - 1), min(left + 1, score.shape[1] - 1)
            above = score[top, left] * (1 - dx) + score[top, right] * dx
            below = score[bottom, left] * (1 - dx) + score[bottom, right] * dx
            found[y, x] = above * (1 - dy) + below * dy
    return found


def test_the_combination_against_loops(model: Hed, state: dict[str, Tensor]) -> None:
    """Torchvision's VGG-16 computes the features; the rest by loops."""
    vgg = torchvision.models.vgg16(weights=None).features.eval()
    ours = [k for k in state if k.startswith("netVgg")]
    theirs = list(vgg.state_dict())
    assert len(ours) == len(theirs) == 26
    vgg.load_state_dict({b: state[a] for a, b in zip(ours, theirs, strict=True)})
    image = frame(19, 22)
    bgr = image[..., ::-1].astype(np.float64) - (104.00698793, 116.66876762, 122.67891434)
    x = torch.from_numpy(bgr.transpose(2, 0, 1)[None].copy()).float()
    logit = np.full((19, 22), state["netCombine.0.bias"].item())
    ends = (3, 8, 15, 22, 29)  # the ReLU that ends each block
    with torch.no_grad():
        for i, (end, block) in enumerate(zip(ends, BLOCKS, strict=True)):
            features = vgg[: end + 1](x)[0].numpy().astype(np.float64)
            weight = state[f"netScore{block}.weight"].flatten().numpy()
            score = np.tensordot(weight, features, 1) + state[f"netScore{block}.bias"].item()
            share = state["netCombine.0.weight"][0, i, 0, 0].item()
            logit += share * bilinear(score, 19, 22)
    found = model.edges(image)
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-logit)), atol=1e-4)
    assert found.std() > 0.01  # it says something


@pytest.mark.parametrize("size", [(16, 16), (33, 47), (21, 16), (1, 40), (5, 3)])
def test_sizes(model: Hed, size: tuple[int, int]) -> None:
    found = model.edges(frame(*size))
    assert found.shape == size and found.dtype == np.float32
    assert found.min() >= 0 and found.max() <= 1


def test_small_frames_are_continued_by_their_border(model: Hed) -> None:
    small = frame(9, 30)
    continued = np.concatenate([small, np.repeat(small[-1:], 7, axis=0)])
    np.testing.assert_allclose(model.edges(small), model.edges(continued)[:9], atol=1e-6)


def test_a_batch_is_its_frames(model: Hed) -> None:
    frames = torch.from_numpy(np.stack([frame(20, 24), frame(20, 24)[::-1]])).permute(0, 3, 1, 2)
    with torch.no_grad():
        both = model(model.normalise(frames))
        one = model(model.normalise(frames[1:]))
    assert both.shape == (2, 1, 20, 24)
    torch.testing.assert_close(both[1:], one, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="expected input B 3 H W"):
        model(frames[0].float())


def test_a_file_of_another_network(state: dict[str, Tensor], tmp_path: Path) -> None:
    without = {k: v for k, v in state.items() if k != "netScoreFiv.bias"}
    torch.save(without, tmp_path / "part.pt")
    with pytest.raises(InputError, match=r"do not fit Hed: it lacks netScoreFiv\.bias") as error:
        load_hed(str(tmp_path / "part.pt"), "cpu")
    assert "\n" not in str(error.value)
    with pytest.raises(InputError, match="no such weights file"):
        load_hed(str(tmp_path / "gone.pt"), "cpu")
