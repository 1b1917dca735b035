from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.cues.saliency import (
    SaliencyParams,
    boundary_connectivity,
    frame_saliency,
    spectral_residual,
)
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params
from tests.tiny import blocks


def slow_boundary_connectivity(image: np.ndarray, superpixels: np.ndarray) -> np.ndarray:
    """Zhu et al., Eq. 2-7, superpixel by superpixel, with Floyd and Warshall's shortest paths."""
    height, width = superpixels.shape
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    n = superpixels.max() + 1
    colour = [lab[superpixels == i].mean(axis=0) for i in range(n)]
    place = [np.argwhere(superpixels == i).mean(axis=0) / max(height, width) for i in range(n)]
    border = {int(superpixels[y, x]) for y in range(height) for x in (0, width - 1)}
    border |= {int(superpixels[y, x]) for y in (0, height - 1) for x in range(width)}
    path = np.full((n, n), np.inf)
    for i in range(n):
        path[i, i] = 0
    neighbours = {(i, j) for i in border for j in border}
    for y in range(height):
        for x in range(width):
            for ny, nx in ((y + 1, x), (y, x + 1)):
                if ny < height and nx < width:
                    neighbours.add((int(superpixels[y, x]), int(superpixels[ny, nx])))
    for i, j in neighbours:
        if i != j:
            path[i, j] = path[j, i] = np.linalg.norm(colour[i] - colour[j])
    for k in range(n):
        for i in range(n):
            for j in range(n):
                path[i, j] = min(path[i, j], path[i, k] + path[k, j])
    similar = np.exp(-(path**2) / 200)
    background = []
    for i in range(n):
        connectivity = sum(similar[i, j] for j in border) / np.sqrt(similar[i].sum())
        background.append(1 - np.exp(-(connectivity**2) / 2))
    contrast = np.zeros(n)
    for i in range(n):
        for j in range(n):
            away = np.linalg.norm(place[i] - place[j])
            apart = np.linalg.norm(colour[i] - colour[j])
            contrast[i] += apart * np.exp(-(away**2) / (2 * 0.25**2)) * background[j]
    found = contrast[superpixels]
    return (found - found.min()) / (found.max() - found.min())


def test_boundary_connectivity_against_a_slow_loop() -> None:
    image = np.random.default_rng(0).integers(0, 256, (20, 28, 3), dtype=np.uint8)
    regions = blocks(20, 28, 4)
    found = boundary_connectivity(image, regions)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, slow_boundary_connectivity(image, regions), atol=2e-4)


def scene() -> np.ndarray:
    """A red disc on grey ground, and a strip of its red along the lower border."""
    image = np.full((48, 64, 3), 120, np.uint8)
    rows, columns = np.mgrid[:48, :64]
    image[(rows - 20) ** 2 + (columns - 30) ** 2 < 64] = (200, 40, 40)
    image[42:] = (200, 40, 40)
    return image


def test_an_object_stands_out_and_what_runs_along_the_border_less() -> None:
    found = boundary_connectivity(scene(), blocks(48, 64, 4))
    assert found[20, 30] > 0.9
    assert found[46, 30] < 0.5 * found[20, 30]
    assert found[5, 5] < 0.12


def test_an_even_frame_has_no_saliency() -> None:
    grey = np.full((16, 16, 3), 80, np.uint8)
    assert not boundary_connectivity(grey, blocks(16, 16, 4)).any()


def test_spectral_residual_finds_the_odd_one_out() -> None:
    rows, columns = np.mgrid[:64, :96]
    stripes = np.where(columns % 8 < 4, 60, 160)
    across = np.where(rows % 8 < 4, 60, 160)
    here = (rows >= 24) & (rows < 40) & (columns >= 56) & (columns < 72)
    image = np.repeat(np.where(here, across, stripes)[..., None], 3, axis=2).astype(np.uint8)
    found = spectral_residual(image)
    assert found.shape == (64, 96) and found.min() == 0 and found.max() == 1
    assert found[here].mean() > 2 * found[~here].mean()


def test_stored_maps(tmp_path: Path) -> None:
    (tmp_path / "v").mkdir()
    cv2.imwrite(str(tmp_path / "v" / "00012.png"), np.array([[0, 51], [102, 255]], np.uint8))
    params = SaliencyParams(method="file", folder=str(tmp_path))
    image, regions = np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2), np.int32)
    found = frame_saliency(image, regions, "v", 12, params)
    assert found == pytest.approx(np.array([[0, 0.2], [0.4, 1]]))
    larger = frame_saliency(np.zeros((4, 6, 3), np.uint8), regions, "v", 12, params)
    assert larger.shape == (4, 6)
    with pytest.raises(InputError, match=r"v/00013\.png is missing or damaged"):
        frame_saliency(image, regions, "v", 13, params)


def test_the_method_is_looked_up() -> None:
    image, regions = scene(), blocks(48, 64, 4)
    for method, function in (
        ("boundary_connectivity", boundary_connectivity),
        ("spectral_residual", spectral_residual),
    ):
        params = parse_params(SaliencyParams, {"method": method}, "saliency")
        found = frame_saliency(image, regions, "v", 0, params)
        assert np.array_equal(found, function(image, regions))


def test_refuses() -> None:
    with pytest.raises(ValueError, match="superpixels H W, received"):
        boundary_connectivity(scene(), blocks(10, 64, 4))
    with pytest.raises(ValueError, match="H W 3, received shape"):
        spectral_residual(np.zeros((4, 4), np.uint8))
    for values, message in (
        ({"method": "file"}, "method file needs a folder"),
        ({"folder": "maps"}, "takes none: set folder to null"),
        ({"method": "trained"}, r"saliency\.method = 'trained'"),
    ):
        with pytest.raises(InputError, match=message):
            parse_params(SaliencyParams, values, "saliency")
