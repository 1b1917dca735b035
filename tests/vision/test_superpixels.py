from __future__ import annotations

import numpy as np
import pytest

from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params
from pipeline.vision import superpixels as table
from pipeline.vision.felzenszwalb import FelzenszwalbParams, felzenszwalb_superpixels
from pipeline.vision.slic import SlicParams, slic_superpixels
from pipeline.vision.superpixel_refinement import refine_mask
from pipeline.vision.superpixels import SUPERPIXELS, SuperpixelParams, superpixels


def bright_square() -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.mgrid[:60, :80]
    image = np.stack([rows, columns, 70 - rows // 2], axis=-1).astype(np.uint8)
    square = np.zeros((60, 80), dtype=bool)
    square[20:43, 31:57] = True
    image[square] += 120
    return image, square


@pytest.mark.parametrize("name", list(SUPERPIXELS))
def test_every_method_keeps_a_bright_square_apart(name: str) -> None:
    image, square = bright_square()
    found = superpixels(image, SuperpixelParams(method=name))
    assert found.dtype == np.int32 and found.shape == square.shape
    assert (np.unique(found) == np.arange(found.max() + 1)).all() and found.max() > 1
    assert (refine_mask(square, found) == square).mean() > 0.99
    with pytest.raises(ValueError, match=r"H W 3, received shape \(4, 5\)"):
        superpixels(np.zeros((4, 5), np.uint8), SuperpixelParams(method=name))


def test_the_chosen_method_has_its_own_parameters() -> None:
    image, _ = bright_square()
    values = {"slic": {"segments": 12}, "felzenszwalb": {"scale": 5.0, "min_size": 4}}
    slic = parse_params(SuperpixelParams, values, "compute_superpixels")
    own = slic_superpixels(image, SlicParams(segments=12))
    assert np.array_equal(superpixels(image, slic), own)
    graph = slic.model_copy(update={"method": "felzenszwalb"})
    other = felzenszwalb_superpixels(image, FelzenszwalbParams(scale=5.0, min_size=4))
    assert np.array_equal(superpixels(image, graph), other) and not np.array_equal(own, other)


@pytest.mark.parametrize(
    "values, message",
    [
        ({"method": "seeds"}, r"method = 'seeds': use one of slic, felzenszwalb"),
        ({"slic": {"segments": 0}}, r"compute_superpixels\.slic\.segments = 0"),
        ({"segments": 9}, r"unknown parameter compute_superpixels\.segments; allowed here: felz"),
    ],
)
def test_refuses(values: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_params(SuperpixelParams, values, "compute_superpixels")


def test_a_throw_away_method(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line in the table is all that a method needs beside its own file."""
    halves = table.Method(SlicParams, lambda image, _: np.indices(image.shape[:2])[1] // 40)
    monkeypatch.setitem(SUPERPIXELS, "slic", halves)
    assert superpixels(bright_square()[0], SuperpixelParams()).max() == 1
