from __future__ import annotations

import itertools

import numpy as np
import pytest

from pipeline.prediction.colocalisation import ColocaliseParams, object_mask
from pipeline.vision.colour_mixtures import ColourMixture
from tests.tiny import blocks

PARAMS = ColocaliseParams(components=1, samples=50, smoothness=1.0)


def test_colours_complete_what_the_network_is_sure_of() -> None:
    rng = np.random.default_rng(0)
    truth = np.zeros((24, 32), bool)
    truth[8:20, 8:24] = True
    image = rng.normal(60, 8, (24, 32, 3))
    image[truth] += 110
    probs = np.full((24, 32), 0.4)  # of most of the object it doubts
    probs[10:14, 10:14] = 0.9
    probs[:4] = 0.05
    found = object_mask(np.clip(image, 0, 255).astype(np.uint8), probs, blocks(24, 32, 4), PARAMS)
    assert np.array_equal(found, truth)


def test_it_is_the_minimum_over_superpixels_by_brute_force() -> None:
    rng = np.random.default_rng(2)
    superpixels = np.array([[0, 0, 1, 1, 2], [0, 3, 3, 1, 2], [4, 4, 3, 5, 5], [4, 4, 3, 5, 5]])
    params = ColocaliseParams(components=1, samples=40, smoothness=4, alpha=0.5, high=0.6)
    for _ in range(4):
        image = rng.integers(80, 150, (4, 5, 3)).astype(np.uint8)
        probs = rng.uniform(0.05, 0.95, (4, 5))
        found = object_mask(image, probs, superpixels.astype(np.int32), params)
        best = min(
            itertools.product((0, 1), repeat=6),
            key=lambda x: energy(np.array(x)[superpixels], image, probs, params),
        )
        assert np.array_equal(found, np.array(best, bool)[superpixels])


def energy(
    labels: np.ndarray, image: np.ndarray, probs: np.ndarray, params: ColocaliseParams
) -> float:
    """Eq. 2 and 3 over pixels, one term after the other."""
    colours = image.reshape(-1, 3)
    total = 0.0
    for side, answer in enumerate((1 - probs.ravel(), probs.ravel())):
        own = colours[answer >= params.high]
        mixture = ColourMixture(1, params.samples).fit(own, np.ones(len(own)))
        cost = mixture.cost(colours) - params.alpha * np.log(answer)
        total += cost[labels.ravel() == side].sum()
    pairs = [
        ((y, x), (y + dy, x + dx))
        for y, x in itertools.product(range(4), range(5))
        for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1))
        if 0 <= y + dy < 4 and 0 <= x + dx < 5
    ]
    square = [float(((image[a].astype(float) - image[b]) ** 2).sum()) for a, b in pairs]
    for (a, b), value in zip(pairs, square, strict=True):
        if labels[a] != labels[b]:
            length = np.hypot(a[0] - b[0], a[1] - b[1])
            total += params.smoothness * np.exp(-0.5 * value / np.mean(square)) / length
    return float(total)


@pytest.mark.parametrize("value", [0.1, 0.9, 0.6])
def test_a_network_that_is_sure_of_one_side_only_is_believed(value: float) -> None:
    image = np.zeros((8, 8, 3), np.uint8)
    found = object_mask(image, np.full((8, 8), value), blocks(8, 8, 4), PARAMS)
    assert (found == (value > 0.5)).all()


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="of one size"):
        object_mask(np.zeros((8, 8, 3), np.uint8), np.zeros((8, 7)), blocks(8, 8, 4), PARAMS)
