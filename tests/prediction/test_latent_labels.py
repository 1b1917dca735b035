from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from pipeline.prediction.latent_labels import LatentParams, Shot, infer_labels
from pipeline.vision.colour_mixtures import ShotMixtures

SMALL = {"components": 1, "samples": 100, "location": 0.0}


def shot(images: np.ndarray, segments: np.ndarray, **changes: Any) -> Shot:
    whole = {
        "images": images.astype(np.uint8),
        "segments": segments.astype(bool),
        "boundaries": np.zeros(segments.shape, bool),
        "inside": np.ones(segments.shape, bool),
        "labels": (2,),
    }
    return Shot(**{**whole, **changes})


def noisy_object(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images T H W 3 of a bright square on dark noise, the square, and a segment with a quarter of
    the square missing and a piece of background too many.
    """
    rng = np.random.default_rng(seed)
    images = rng.normal(60, 12, (4, 20, 24, 3))
    truth = np.zeros((4, 20, 24), bool)
    for t in range(4):
        truth[t, 6:14, 4 + 2 * t : 12 + 2 * t] = True
    images[truth] += 120
    segments = truth.copy()
    segments[:, 6:10, :8] = False
    segments[:, 14:17, 8:12] = True
    return np.clip(images, 0, 255), truth, segments


def flat(shape: tuple[int, ...], labels: int = 2) -> np.ndarray:
    """A network that knows nothing: probabilities T 1+L H W."""
    return np.full((shape[0], labels, *shape[1:]), 1 / labels)


def test_colours_mend_a_motion_segment() -> None:
    images, truth, segments = noisy_object()
    params = LatentParams(**SMALL, smoothness=2)
    found = infer_labels(shot(images, segments), flat(truth.shape), 1.0, params)
    assert set(np.unique(found)) == {0, 2}
    assert ((found == 2) != truth).sum() <= 2 < (segments != truth).sum()


def test_hard_labels_are_the_segments() -> None:
    images, truth, segments = noisy_object()
    params = LatentParams(**SMALL, motion="hard")
    inside = np.ones(truth.shape, bool)
    inside[:, :, :3] = False
    one = shot(images, segments, inside=inside)
    found = infer_labels(one, flat(truth.shape), 1.0, params)
    assert (found[:, :, :3] == 255).all()
    assert np.array_equal(found[:, :, 3:], np.where(segments, 2, 0)[:, :, 3:])
    several = shot(images, segments, labels=(1, 3))
    found = infer_labels(several, flat(truth.shape, 3), 1.0, params)
    assert np.array_equal(found, np.where(segments, 255, 0))


def energy(
    data: Shot, probs: np.ndarray, params: LatentParams
) -> Callable[[tuple[int, ...]], float]:
    """Eq. 2 and 3 of labels of a shot of one frame, one term after the other."""
    mixtures = ShotMixtures(data.images, params.components, params.samples)
    mixtures.fit(data.segments, data.inside)
    background, foreground = mixtures.costs(0)
    blurred = cv2.GaussianBlur(data.segments[0].astype(float), (0, 0), 0.2 * 4)
    _, height, width = data.segments.shape
    colours = data.images[0].astype(float)
    pairs = [
        ((y, x), (y + dy, x + dx))
        for y, x in itertools.product(range(height), range(width))
        for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1))
        if 0 <= y + dy < height and 0 <= x + dx < width
    ]
    squares = {p: float(((colours[p[0]] - colours[p[1]]) ** 2).sum()) for p in pairs}
    mean = sum(squares.values()) / len(squares)
    unary: dict[tuple[int, int], float] = {}
    for i, label in itertools.product(range(height * width), (0, 2)):
        y, x = divmod(i, width)
        place = np.clip(blurred[y, x], 0.05, 0.95)
        unary[i, label] = float(
            (foreground if label else background)[i]
            - 1.5 * np.log(probs[0, label, y, x])
            - 0.7 * np.log(place if label else 1 - place)
        )
    pairwise: dict[tuple[int, int], float] = {}
    for (a, b), square in squares.items():
        if not (data.boundaries[0][a] and data.boundaries[0][b]):
            length = np.hypot(a[0] - b[0], a[1] - b[1])
            weight = 3.0 * np.exp(-0.5 * square / mean) / length
            pairwise[a[0] * width + a[1], b[0] * width + b[1]] = float(weight)

    def of(labels: tuple[int, ...]) -> float:
        own = sum(unary[i, label] for i, label in enumerate(labels))
        return own + sum(w for (i, j), w in pairwise.items() if labels[i] != labels[j])

    return of


def test_one_round_is_the_minimum_of_the_energy_of_the_paper() -> None:
    rng = np.random.default_rng(4)
    ours = {"location": 0.7, "blur": 0.2}
    params = LatentParams(**(SMALL | ours), smoothness=3.0, gamma=0.5, rounds=1, floor=1e-9)
    for _ in range(4):
        segments = np.array([[[0, 1, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0]]])
        images = 100 + 20 * segments[..., None] + rng.normal(0, 15, (1, 3, 4, 3))
        boundaries = rng.random((1, 3, 4)) < 0.5
        data = shot(images, segments, boundaries=boundaries)
        probs = rng.dirichlet((2, 2, 2), (1, 3, 4)).transpose(0, 3, 1, 2)
        found = infer_labels(data, probs[:, [0, 2]], 1.5, params)
        least = min(itertools.product((0, 2), repeat=12), key=energy(data, probs, params))
        assert found.ravel().tolist() == list(least)


def test_several_labels_share_the_foreground_by_the_network() -> None:
    images, truth, segments = noisy_object()
    probs = flat(truth.shape, 3)
    left = np.arange(24) < 10
    probs[:, 1, :, left], probs[:, 2, :, left] = 0.4, 0.1
    probs[:, 1, :, ~left], probs[:, 2, :, ~left] = 0.1, 0.4
    params = LatentParams(**SMALL, smoothness=0.5)
    found = infer_labels(shot(images, segments, labels=(1, 3)), probs, 1.0, params)
    expected = np.where(truth, np.where(left, 1, 3), 0)
    assert (found != expected).sum() <= 6
    assert (found[truth] == 1).sum() > 20 and (found[truth] == 3).sum() > 20


def test_the_place_of_motion_tells_equal_colours_apart() -> None:
    rng = np.random.default_rng(2)
    images = rng.normal(100, 10, (3, 20, 30, 3))
    segments = np.zeros((3, 20, 30), bool)
    segments[:, 5:15, 5:15] = True
    images[segments] += 80
    images[:, 5:15, 20:28] += 80  # the same thing again, at rest
    found = {}
    for weight in (0.0, 8.0):
        params = LatentParams(**(SMALL | {"location": weight}), smoothness=1)
        found[weight] = infer_labels(shot(images, segments), flat(segments.shape), 1.0, params) == 2
    assert found[0.0][:, 5:15, 20:28].mean() > 0.95
    assert found[8.0][:, 5:15, 20:28].mean() < 0.05 and found[8.0][segments].mean() > 0.95


def test_alpha_weighs_the_network() -> None:
    images, truth, segments = noisy_object()
    probs = flat(truth.shape)
    probs[:, 0, :10], probs[:, 1, :10] = 0.4999, 0.0001  # no object in the upper half, it says
    params = LatentParams(**SMALL, smoothness=0.5, floor=1e-6)
    areas = [
        int((infer_labels(shot(images, segments), probs, alpha, params)[:, :10] == 2).sum())
        for alpha in (0.0, 1.0, 20.0)
    ]
    assert areas[0] >= areas[1] > areas[2] == 0


def test_a_network_that_is_sure_of_the_background_does_not_outvote_clear_motion() -> None:
    images, truth, segments = noisy_object()
    probs = np.zeros((4, 2, 20, 24))
    probs[:, 0] = 1
    data = shot(images, segments)
    params = LatentParams(**SMALL, smoothness=2)
    assert ((infer_labels(data, probs, 1.0, params) == 2) != truth).sum() <= 10
    nothing = params.model_copy(update={"floor": 1e-30})
    assert not (infer_labels(data, probs, 1.0, nothing) == 2).any()


def test_the_band_around_the_motion_boundary_costs_nothing() -> None:
    # a ramp of greys: smoothness holds one label where colours say little
    images = np.repeat(np.linspace(90, 110, 12)[None, None, :, None], 3, axis=3)
    images = np.repeat(images, 5, axis=1)
    segments = np.zeros((1, 5, 12), bool)
    segments[:, :, 6:] = True
    band = np.zeros_like(segments)
    band[:, :, 4:8] = True
    params = LatentParams(**SMALL, smoothness=1000, gamma=0, rounds=1)
    without = infer_labels(shot(images, segments), flat(segments.shape), 1.0, params)
    within = infer_labels(
        shot(images, segments, boundaries=band), flat(segments.shape), 1.0, params
    )
    assert len(np.unique(without)) == 1
    assert np.array_equal(within == 2, segments)


def test_new_mixtures_every_round() -> None:
    # the segment holds a part of the object; colours learned from the first cut reach the rest
    rng = np.random.default_rng(1)
    greys = np.repeat(np.linspace(100, 200, 24)[None, None], 20, axis=1)
    images = np.repeat(greys[..., None], 3, axis=3) + rng.normal(0, 3, (1, 20, 24, 3))
    segments = np.zeros((1, 20, 24), bool)
    segments[:, :, 20:] = True
    areas = []
    for rounds in (1, 4):
        params = LatentParams(**SMALL, smoothness=0.1, rounds=rounds)
        found = infer_labels(shot(images, segments), flat(segments.shape), 0.0, params)
        areas.append(int((found == 2).sum()))
    assert areas[0] != areas[1]


def test_nothing_moves() -> None:
    images, truth, _ = noisy_object()
    for segments, label in ((np.zeros_like(truth), 0), (np.ones_like(truth), 2)):
        found = infer_labels(shot(images, segments), flat(truth.shape), 1.0, LatentParams())
        assert (found == label).all()


def test_shapes_must_agree() -> None:
    images, truth, segments = noisy_object()
    with pytest.raises(ValueError, match="of one size"):
        infer_labels(shot(images, segments), flat((4, 20, 23)), 1.0, LatentParams())
    with pytest.raises(ValueError, match="of one size"):
        infer_labels(shot(images[:3], segments), flat(truth.shape), 1.0, LatentParams())
    with pytest.raises(ValueError, match="a label at least"):
        infer_labels(shot(images, segments, labels=()), flat(truth.shape, 1), 1.0, LatentParams())


def test_later_versions_weigh_the_network_more() -> None:
    params = LatentParams(alpha=0.5, alpha_finetune=3.0)
    assert [params.alpha_of(v) for v in ("v0", "v1", "v2")] == [0.5, 3.0, 3.0]
