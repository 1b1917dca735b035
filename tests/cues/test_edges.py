from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from pipeline.cues.edges import EdgeParams, detect_edges, gradient_edges
from pipeline.networks.hed import Hed
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
GREY = (119, 119, 119)  # L* = 50.03 of 100, by the definition of sRGB and CIE Lab
SCALES = (1.0, 2.0, 4.0)


def step(left: tuple[int, ...], right: tuple[int, ...], at: int = 30) -> np.ndarray:
    """40 x 60 x 3: one colour left of column ``at``, another from there on."""
    image = np.empty((40, 60, 3), np.uint8)
    image[:, :at], image[:, at:] = left, right
    return image


@pytest.mark.parametrize("scales", [(1.0,), (2.5,), SCALES])
def test_a_step_has_the_height_of_its_contrast_at_every_scale(scales: tuple[float, ...]) -> None:
    black_white = gradient_edges(step(BLACK, WHITE), scales)
    assert black_white.shape == (40, 60) and black_white.dtype == np.float32
    np.testing.assert_allclose(black_white[:, 29:31], 1, atol=2e-3)
    np.testing.assert_allclose(gradient_edges(step(BLACK, GREY), scales)[:, 29:31], 0.5003, 5e-3)


def test_the_edge_lies_on_the_step() -> None:
    found = gradient_edges(step(BLACK, GREY, at=21), SCALES)
    assert set(np.argsort(found[17])[-2:]) == {20, 21}
    across = found[17, 21:40]
    assert (np.diff(across) <= 1e-6).all() and across[-1] < 1e-4
    np.testing.assert_allclose(found[:, :21][:, ::-1][:, :19], found[:, 21:40], atol=1e-6)
    np.testing.assert_array_equal(found, np.broadcast_to(found[0], found.shape))


def test_the_sides_and_the_axes_are_alike() -> None:
    one, other = step((180, 40, 60), (30, 140, 90)), step((30, 140, 90), (180, 40, 60))
    found = gradient_edges(one, SCALES)
    np.testing.assert_allclose(gradient_edges(other, SCALES), found, atol=1e-6)
    turned = np.ascontiguousarray(one.transpose(1, 0, 2))
    np.testing.assert_allclose(gradient_edges(turned, SCALES), found.T, atol=1e-6)


def test_colours_of_one_lightness_are_told_apart() -> None:
    # L* a* b*: (54.6, 80.8, 69.9) and (54.4, -50.5, 49.6)
    found = gradient_edges(step((255, 20, 0), (0, 147, 30)), (1.0,))
    assert found[20, 30] == 1  # about 133 of 100 units, cut off


def test_nothing_else_in_the_frame_changes_an_edge() -> None:
    alone = step(BLACK, GREY)
    with_another = alone.copy()
    with_another[:, 55:] = (255, 255, 0)
    a, b = (gradient_edges(x, (1.0, 2.0)) for x in (alone, with_another))
    np.testing.assert_allclose(a[:, :46], b[:, :46], atol=1e-6)
    assert b[:, 55].min() > 0.5


def test_thin_lines_and_noise_fade_at_larger_scales() -> None:
    line = step(BLACK, BLACK)
    line[:, 30] = 255
    noise = np.random.default_rng(0).integers(90, 150, (40, 60, 3)).astype(np.uint8)
    for image, statistic in ((line, np.max), (noise, np.mean)):
        # both fall as one over the scale, but for what the frame's border repeats
        fine, middle, coarse = (statistic(gradient_edges(image, (s,))) for s in SCALES)
        assert 1.5 < fine / middle < 2.3 and 1.5 < middle / coarse < 2.3
        mean = np.mean([gradient_edges(image, (s,)) for s in SCALES], axis=0)
        np.testing.assert_allclose(gradient_edges(image, SCALES), mean, atol=1e-6)


def slow(lab: np.ndarray, scale: float) -> np.ndarray:
    """The gradient by loops, in units of the height of a step: singular values of Jacobians."""
    radius = max(1, round(3 * scale))
    window = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * scale**2))
    window /= window.sum()
    height, width, _ = lab.shape
    smooth = np.zeros_like(lab)
    for y in range(height):
        for x in range(width):
            for i, a in enumerate(window):
                for j, b in enumerate(window):
                    row = min(max(y + i - radius, 0), height - 1)
                    smooth[y, x] += a * b * lab[row, min(max(x + j - radius, 0), width - 1)]
    ramp = np.cumsum(window)  # the window's response to a step
    unit = (ramp[radius + 1] - ramp[radius - 1]) / 2
    found = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            jacobian = np.stack(
                [
                    smooth[y, min(x + 1, width - 1)] - smooth[y, max(x - 1, 0)],
                    smooth[min(y + 1, height - 1), x] - smooth[max(y - 1, 0), x],
                ]
            )
            found[y, x] = np.linalg.svd(jacobian / 2 / unit, compute_uv=False)[0]
    return found


def test_against_loops_and_singular_values() -> None:
    from skimage.color import rgb2lab

    image = np.random.default_rng(1).integers(0, 120, (9, 11, 3)).astype(np.uint8)
    lab = rgb2lab(image)
    expected = np.clip((slow(lab, 1.0) + slow(lab, 1.7)) / 200, 0, 1)
    np.testing.assert_allclose(gradient_edges(image, (1.0, 1.7)), expected, atol=3e-3)


def test_frames_without_edges_and_of_one_row() -> None:
    assert not gradient_edges(step(GREY, GREY), SCALES).any()
    row = gradient_edges(step(BLACK, WHITE)[:1], (1.0,))
    assert row.shape == (1, 60)
    np.testing.assert_allclose(row[0, 29:31], 1, atol=2e-3)


def test_what_is_no_frame() -> None:
    with pytest.raises(ValueError, match=r"an image H W 3, received shape \(40, 60\)"):
        detect_edges(step(BLACK, WHITE)[..., 0], EdgeParams())
    for scales in ((), (1.0, 0.0)):
        with pytest.raises(ValueError, match="expected scales above 0, received"):
            gradient_edges(step(BLACK, WHITE), scales)


def test_methods(tmp_path: Path) -> None:
    image = step(GREY, (30, 140, 90))
    params = EdgeParams(scales=(1.5,))
    np.testing.assert_array_equal(detect_edges(image, params), gradient_edges(image, (1.5,)))
    torch.manual_seed(0)
    model = Hed().eval()
    torch.save(model.state_dict(), tmp_path / "hed.pt")
    by_hed = EdgeParams(method="hed", weights=str(tmp_path / "hed.pt"))
    np.testing.assert_allclose(detect_edges(image, by_hed), model.edges(image), atol=1e-6)


def test_weights_that_are_missing_are_one_line(tmp_path: Path) -> None:
    params = EdgeParams(method="hed", weights=str(tmp_path / "gone.pt"))
    with pytest.raises(InputError, match=r"gone\.pt: no such weights file") as error:
        detect_edges(step(BLACK, WHITE), params)
    assert "\n" not in str(error.value)


def test_the_threshold_suits_the_method() -> None:
    def published(x: float) -> float:
        return (1 / (1 + np.exp(2.7487 - 11.1189 * x)) - 0.0602) / (1 - 0.0602)

    assert EdgeParams().cut == 0.1
    assert published(EdgeParams(method="hed", weights="w").cut) == pytest.approx(0.9, abs=1e-3)
    assert EdgeParams(method="hed", weights="w", threshold=0.0).cut == 0


@pytest.mark.parametrize(
    "values, said",
    [
        ({"method": "hed"}, r"weights \(a file\) must be given with method hed"),
        ({"weights": "hed.pt"}, r"weights \(a file\) must be given with method hed"),
        ({"scales": []}, "parameter detect_edges.scales = "),
        ({"scales": [1, -2]}, "parameter detect_edges.scales.1 = -2"),
        ({"regions": 0}, "parameter detect_edges.regions = 0"),
        ({"threshold": 1.0}, "parameter detect_edges.threshold = 1.0"),
        ({"method": "canny"}, "parameter detect_edges.method = 'canny'"),
        ({"sigma": 1}, "unknown parameter detect_edges.sigma; allowed here: area, method"),
    ],
)
def test_wrong_parameters_are_one_line(values: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said) as error:
        parse_params(EdgeParams, values, "detect_edges")
    assert "\n" not in str(error.value)


def test_parameters_are_frozen() -> None:
    with pytest.raises(ValidationError):
        EdgeParams().regions = 3  # type: ignore[misc]
