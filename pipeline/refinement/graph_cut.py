"""Minimum of a binary energy on a graph, by maximum flow (PyMaxflow, Boykov and Kolmogorov 2004)."""

from __future__ import annotations

import maxflow
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


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
    if unary.ndim != 2 or unary.shape[1] != 2 or edges.shape != (len(weights), 2):
        raise ValueError(
            f"expected unary N 2, edges E 2, weights E, received {unary.shape}, {edges.shape}, "
            f"{weights.shape}"
        )
    if not np.isfinite(unary).all() or not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError("expected finite costs and weights >= 0")
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
