from __future__ import annotations

import itertools

import numpy as np
import pytest

from pipeline.vision.graph_cut import binary_cut, contrast_weights, pixel_grid, potts_cut

RNG = np.random.default_rng(3)


def energy(labels: tuple[int, ...], unary: np.ndarray, edges: np.ndarray, w: np.ndarray) -> float:
    """The energy, one term after the other."""
    total = sum(unary[i][x] for i, x in enumerate(labels))
    return float(total + sum(w[e] for e, (i, j) in enumerate(edges) if labels[i] != labels[j]))


def problem(height: int, width: int, labels: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    edges = pixel_grid(height, width).edges
    return RNG.normal(0, 2, (height * width, labels)), edges, RNG.random(len(edges)) * 2


def test_the_grid_has_every_pair_of_neighbours_once() -> None:
    grid = pixel_grid(3, 4)
    expected = {
        (a, b)
        for a, b in itertools.combinations(range(12), 2)
        if max(abs(a // 4 - b // 4), abs(a % 4 - b % 4)) == 1
    }
    assert len(grid.edges) == len(expected) == 29
    assert {tuple(e) for e in grid.edges.tolist()} == expected
    for (a, b), length in zip(grid.edges.tolist(), grid.length, strict=True):
        assert length == pytest.approx(np.hypot(a // 4 - b // 4, a % 4 - b % 4))


def test_contrast_weights_by_hand() -> None:
    # pixels 0 and 1 above 2 and 3; the mean of the six squared contrasts is 14
    colours = np.array([[0, 0, 0], [3, 0, 0], [0, 0, 0], [3, 0, 4]], float)
    grid = pixel_grid(2, 2)
    contrast = {(0, 1): 9, (2, 3): 25, (0, 2): 0, (1, 3): 16, (0, 3): 25, (1, 2): 9}
    found = contrast_weights(colours, grid, 0.5)
    for edge, length, weight in zip(grid.edges.tolist(), grid.length, found, strict=True):
        expected = np.exp(-0.5 * contrast[tuple(edge)] / 14) / length
        assert weight == pytest.approx(expected)
    assert contrast_weights(colours * 0, grid, 0.5) == pytest.approx(1 / grid.length)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (3, 3), (2, 5), (3, 4)])
def test_two_labels_are_the_exact_minimum(shape: tuple[int, int]) -> None:
    for _ in range(5):
        unary, edges, weights = problem(*shape, 2)
        found = tuple(binary_cut(unary, edges, weights).astype(int).tolist())
        least = min(
            energy(x, unary, edges, weights) for x in itertools.product((0, 1), repeat=len(unary))
        )
        assert energy(found, unary, edges, weights) == pytest.approx(least)
        assert tuple(potts_cut(unary, edges, weights).tolist()) == found


def test_a_tie_is_label_zero() -> None:
    assert not binary_cut(np.ones((3, 2)), np.zeros((0, 2), int), np.zeros(0)).any()


def test_expansion_lowers_the_energy_and_keeps_to_its_bound() -> None:
    gained = 0
    for _ in range(20):
        unary, edges, weights = problem(2, 4, 3)
        unary -= unary.min(axis=1, keepdims=True)  # the bound holds for costs >= 0
        found = energy(tuple(potts_cut(unary, edges, weights).tolist()), unary, edges, weights)
        start = energy((0,) * len(unary), unary, edges, weights)
        least = min(
            energy(x, unary, edges, weights)
            for x in itertools.product((0, 1, 2), repeat=len(unary))
        )
        rounding = 1e-5 * len(unary)
        assert least - rounding <= found <= min(start, 2 * least) + rounding
        gained += found < start - 0.1
    assert gained >= 15


def test_several_labels_without_edges_are_each_the_cheapest() -> None:
    unary = RNG.normal(size=(6, 4))
    found = potts_cut(unary, np.zeros((0, 2), int), np.zeros(0))
    assert found.tolist() == [row.index(min(row)) for row in unary.tolist()]


def test_strong_edges_make_one_region_of_three_labels() -> None:
    grid = pixel_grid(3, 3)
    unary = np.tile([1.0, 0.9, 1.3], (9, 1))
    unary[4] = [1.0, 1.5, 0.0]  # the centre alone would be 2; all 0: 9, all 1: 8.7, all 2: 10.4
    assert set(potts_cut(unary, grid.edges, np.full(len(grid.edges), 5.0)).tolist()) == {1}
    assert potts_cut(unary, grid.edges, np.full(len(grid.edges), 0.01)).tolist() == [
        *(1, 1, 1, 1),
        *(2, 1, 1, 1, 1),
    ]


@pytest.mark.parametrize(
    "unary, edges, weights, message",
    [
        (np.zeros((2, 1)), np.zeros((0, 2)), np.zeros(0), "expected unary N L with L >= 2"),
        (np.zeros((2, 2)), np.zeros((1, 3)), np.zeros(1), "edges E 2"),
        (np.zeros((2, 2)), np.array([[0, 1]]), np.zeros(2), "weights E"),
        (np.full((2, 2), np.inf), np.array([[0, 1]]), np.ones(1), "finite costs"),
        (np.zeros((2, 2)), np.array([[0, 1]]), -np.ones(1), "weights >= 0"),
    ],
)
def test_refuses(unary: np.ndarray, edges: np.ndarray, weights: np.ndarray, message: str) -> None:
    for cut in (binary_cut, potts_cut):
        with pytest.raises(ValueError, match=message):
            cut(unary, edges.astype(np.int64), weights)
    with pytest.raises(ValueError, match="expected unary N 2"):
        binary_cut(np.zeros((2, 3)), np.zeros((0, 2), np.int64), np.zeros(0))
