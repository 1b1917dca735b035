"""Minimum of a Potts energy on a graph: two labels by maximum flow, several by alpha-expansion.

PyMaxflow (Boykov and Kolmogorov 2004) finds the exact minimum for two labels, gco (Boykov, Veksler
and Zabih 2001) a minimum within a factor of two for several.
"""

from __future__ import annotations

from typing import NamedTuple

import gco
import maxflow
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Edges = npt.NDArray[np.int64]

# gco counts in integers of at most 1e7; what is rounded off is this share of the largest cost.
_STEPS = 1_000_000


class Grid(NamedTuple):
    """The 8-neighbourhood of a map H W: edges E 2 between pixels numbered row by row, and the
    length 1 or sqrt(2) of each edge.
    """

    edges: Edges
    length: Floats


def pixel_grid(height: int, width: int) -> Grid:
    """All pairs of neighbouring pixels, each once, the lower number first."""
    n = np.arange(height * width).reshape(height, width)
    pairs = (
        (n[:-1], n[1:], 1.0),
        (n[:, :-1], n[:, 1:], 1.0),
        (n[:-1, :-1], n[1:, 1:], 2**0.5),
        (n[:-1, 1:], n[1:, :-1], 2**0.5),
    )
    edges = [np.stack([a.ravel(), b.ravel()], axis=1) for a, b, _ in pairs]
    length = np.repeat([p[2] for p in pairs], [len(e) for e in edges])
    return Grid(np.concatenate(edges).astype(np.int64), length.astype(np.float64))


def contrast_weights(colours: Floats, grid: Grid, gamma: float) -> Floats:
    """exp(-gamma |z_i - z_j|^2) / dist(i, j) of every edge of a grid (M-CNN Eq. 3).

    M-CNN takes gamma = 0.5 "as in [14]", which follows GrabCut: there gamma multiplies the squared
    contrast divided by its mean over the frame, and so it does here.

    Args:
        colours: ``N 3``, of the pixels, row by row.
        grid: of the same frame.
        gamma: >= 0.

    Returns:
        ``E``, in (0, 1].
    """
    first, second = grid.edges.T
    contrast = ((colours[first] - colours[second]) ** 2).sum(axis=1)
    mean = max(float(contrast.mean()) if len(contrast) else 0.0, np.finfo(float).tiny)
    return np.asarray(np.exp(-gamma * contrast / mean) / grid.length)


def binary_cut(
    unary: Floats, edges: npt.NDArray[np.int64], weights: Floats
) -> npt.NDArray[np.bool_]:
    """Labels x of N nodes that minimise sum_i unary[i, x_i] + sum_(i,j) w_ij [x_i != x_j].

    Args:
        unary: ``N 2``, cost of label 0 and of label 1; finite, may be negative.
        edges: ``E 2``, pairs of nodes.
        weights: ``E``, >= 0.

    Returns:
        ``N``: True for label 1. Where both labels cost the same, label 0.

    Raises:
        ValueError: the shapes do not fit, a cost is not finite, a weight is negative.
    """
    _check(unary, edges, weights)
    if unary.shape[1] != 2:
        raise ValueError(f"expected unary N 2, received {unary.shape}")
    graph = maxflow.Graph[float](len(unary), len(edges))
    nodes = graph.add_nodes(len(unary))
    least = unary.min(axis=1)
    # the source's side is label 0: cutting the edge to the sink pays for label 0
    graph.add_grid_tedges(nodes, unary[:, 1] - least, unary[:, 0] - least)
    if len(edges):
        first, second = np.ascontiguousarray(edges.T.astype(np.int64))
        graph.add_edges(first, second, weights.astype(float), weights.astype(float))
    graph.maxflow()
    return np.asarray(graph.get_grid_segments(nodes), np.bool_)


def potts_cut(unary: Floats, edges: Edges, weights: Floats) -> npt.NDArray[np.int64]:
    """Labels x of N nodes with a low sum_i unary[i, x_i] + sum_(i,j) w_ij [x_i != x_j].

    Args:
        unary: ``N L``, cost of each label, L >= 2; finite, may be negative.
        edges: ``E 2``, pairs of nodes, the lower number first.
        weights: ``E``, >= 0.

    Returns:
        ``N``, labels 0..L-1: for two labels the exact minimum (:func:`binary_cut`), for more what
        alpha-expansion finds from label 0 everywhere.

    Raises:
        ValueError: the shapes do not fit, a cost is not finite, a weight is negative.
    """
    _check(unary, edges, weights)
    if unary.shape[1] == 2:
        return binary_cut(unary, edges, weights).astype(np.int64)
    above = unary - unary.min(axis=1, keepdims=True)
    if not len(edges):
        return np.asarray(above.argmin(axis=1), np.int64)
    scale = _STEPS / max(above.max(), weights.max(), np.finfo(float).tiny)
    labels = gco.cut_general_graph(
        edges.astype(np.int32),
        np.rint(weights * scale).astype(np.int32),
        np.rint(above * scale).astype(np.int32),
        1 - np.eye(unary.shape[1], dtype=np.int32),
        algorithm="expansion",
        down_weight_factor=1,
    )
    return np.asarray(labels, np.int64)


def potts_energy(
    labels: npt.NDArray[np.int64], unary: Floats, edges: Edges, weights: Floats
) -> float:
    """The energy that :func:`potts_cut` lowers, of labels N."""
    apart = labels[edges[:, 0]] != labels[edges[:, 1]]
    return float(unary[np.arange(len(labels)), labels].sum() + weights[apart].sum())


def _check(unary: Floats, edges: Edges, weights: Floats) -> None:
    if unary.ndim != 2 or unary.shape[1] < 2 or edges.shape != (len(weights), 2):
        raise ValueError(
            f"expected unary N L with L >= 2, edges E 2, weights E, received {unary.shape}, "
            f"{edges.shape}, {weights.shape}"
        )
    if not np.isfinite(unary).all() or not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError("expected finite costs and weights >= 0")
