from __future__ import annotations

import numpy as np
import pytest

from pipeline.vision.colour_mixtures import (
    ColourMixture,
    ShotMixtures,
    temporal_weights,
    weighted_draw,
)


def test_temporal_weights_by_hand() -> None:
    assert temporal_weights(3).tolist() == [
        pytest.approx([1, 1 / 2, 1 / 3]),
        pytest.approx([1 / 2, 1, 1 / 2]),
        pytest.approx([1 / 3, 1 / 2, 1]),
    ]


def test_a_draw_is_in_proportion() -> None:
    # ends at 1, 1, 4, 6; points at 0.5, 1.5, ..., 5.5
    assert weighted_draw(np.array([1.0, 0, 3, 2]), 6).tolist() == [0, 2, 2, 2, 3, 3]
    # fewer points than weights: every second one of equal weights
    assert weighted_draw(np.ones(6), 3).tolist() == [1, 3, 5]
    for wrong in (np.zeros(2), np.array([1.0, -1.0])):
        with pytest.raises(ValueError, match="of which one is positive"):
            weighted_draw(wrong, 2)


def shot(greys: list[list[int]]) -> np.ndarray:
    """T 1 W 3 of grey pixels."""
    return np.repeat(np.array(greys, np.uint8)[:, None, :, None], 3, axis=3)


def test_mixtures_are_weighted_by_temporal_distance_by_hand() -> None:
    # one Gaussian; background: the left half; foreground: the two right pixels
    images = shot([[10, 10, 100, 100], [10, 10, 130, 130], [10, 10, 220, 220]])
    foreground = np.array([[[False, False, True, True]]] * 3)
    model = ShotMixtures(images, components=1, samples=1100)
    assert model.fit(foreground, np.ones_like(foreground))
    # frame 0: (100 + 130/2 + 220/3) / (1 + 1/2 + 1/3) = 130; frame 1: (50 + 130 + 110) / 2 = 145
    # frame 2: (100/3 + 130/2 + 220) / (11/6) = 173.6...
    means = [pair[1].mean for pair in model.mixtures]
    for mean, expected in zip(means, (130, 145, 1910 / 11), strict=True):
        assert mean == pytest.approx([expected] * 3, abs=0.2)
    for pair in model.mixtures:
        assert pair[0].mean == pytest.approx([10] * 3, abs=1e-6)


def test_a_frame_with_more_pixels_counts_for_more() -> None:
    images = shot([[100, 100, 100, 0], [160, 0, 0, 0]])
    foreground = images[..., 0] > 50
    model = ShotMixtures(images, components=1, samples=700)
    assert model.fit(foreground, np.ones_like(foreground))
    # (3 100 + 160/2) / 3.5, (300/2 + 160) / 2.5
    assert model.mixtures[0][1].mean[0] == pytest.approx(380 / 3.5, abs=0.2)
    assert model.mixtures[1][1].mean[0] == pytest.approx(124, abs=0.2)


def test_pixels_that_do_not_count_teach_nothing() -> None:
    images = shot([[10, 10, 100, 250]])
    foreground = np.array([[[False, False, True, True]]])
    counted = np.array([[[True, True, True, False]]])
    model = ShotMixtures(images, components=1, samples=50)
    assert model.fit(foreground, counted)
    assert model.mixtures[0][1].mean == pytest.approx([100] * 3)
    assert not model.fit(foreground, counted & ~foreground)
    assert not model.fit(np.ones_like(foreground), counted)


def test_cost_is_the_likelihood_of_a_gaussian() -> None:
    # greys 90 and 110 in equal parts: variance 100 + 4 in each direction, covariance 100 between
    colours = np.array([[90, 90, 90], [110, 110, 110]], np.uint8)
    model = ColourMixture(1, 10).fit(colours, np.ones(2))
    covariance = np.full((3, 3), 100.0) + 4 * np.eye(3)
    away = np.array([103, 98, 100]) - 100.0
    expected = 0.5 * (
        away @ np.linalg.inv(covariance) @ away
        + np.log(np.linalg.det(covariance))
        + 3 * np.log(2 * np.pi)
    )
    assert model.cost(np.array([[103, 98, 100]], np.uint8))[0] == pytest.approx(expected, rel=1e-6)


def test_two_components_find_two_colours() -> None:
    rng = np.random.default_rng(0)
    red = rng.normal((200, 30, 30), 5, (300, 3))
    blue = rng.normal((30, 30, 200), 5, (300, 3))
    colours = np.clip(np.concatenate([red, blue]), 0, 255).astype(np.uint8)
    model = ColourMixture(2, 400).fit(colours, np.ones(600))
    cost = model.cost(np.array([[200, 30, 30], [30, 30, 200], [115, 30, 115]], np.uint8))
    assert max(cost[:2]) + 20 < cost[2]


def test_cost_is_that_of_scikit_learn() -> None:
    colours = np.random.default_rng(0).integers(0, 256, (400, 3)).astype(np.uint8)
    model = ColourMixture(4, 300).fit(colours[:200], np.ones(200))
    expected = -model._mixture.score_samples(colours.astype(np.float64))
    np.testing.assert_allclose(model.cost(colours), expected, rtol=1e-10)
