"""Segments between strong edges: gPb-OWT-UCM without its own edge detector (VSCR, Section 4.2).

Arbelaez, Maire, Fowlkes and Malik, *Contour detection and hierarchical image segmentation*, PAMI
2011: the oriented watershed of an edge map makes regions, the mean edge strength along their common
borders merges them step by step, and a horizontal cut of that hierarchy is the segmentation.
Watershed and hierarchy are Higra's.
"""

from __future__ import annotations

import cv2
import higra as hg
import numpy as np
import numpy.typing as npt

from pipeline.cues.edges import Edges

_SMOOTHING = 2.0  # of the edge map, in pixels, before its direction is taken


def edge_segments(
    edges: Edges, threshold: float, regions: int | None = None, area: float = 0.0
) -> npt.NDArray[np.int32]:
    """Divide a frame along its edges.

    Args:
        edges: ``H W`` edge strength in [0, 1].
        threshold: regions stay apart whose common border has a mean strength above this.
        regions: and at most this many of them, those with the strongest borders; None: any number.
        area: least area of a region as a share of the frame. Smaller ones are merged where their
            border is weakest before anything is counted (Higra's ``filter_small_nodes_from_tree``):
            else most regions of a textured frame are specks, whose borders are the strongest.

    Returns:
        ``H W`` numbers from 0, every one of them present. One segment where nothing is above the
        threshold. Of two thresholds with no limit to the number of regions, the segments of the
        lower one divide those of the higher one.

    Raises:
        ValueError: not ``H W``, or ``regions`` below 1.
    """
    if edges.ndim != 2 or edges.size == 0:
        raise ValueError(f"expected an edge map H W, received shape {edges.shape}")
    if regions is not None and regions < 1:
        raise ValueError(f"expected at least one region, received {regions}")
    if edges.size == 1:  # no graph
        return np.zeros(edges.shape, np.int32)
    tree, altitudes = _hierarchy(edges)
    if tree.num_leaves() == 1:  # one region at once, which the filter cannot take
        return np.zeros(edges.shape, np.int32)
    if area > 0:
        tree, altitudes = hg.filter_small_nodes_from_tree(tree, altitudes, area * edges.size)
    explorer = hg.HorizontalCutExplorer(tree, altitudes)
    cut = explorer.horizontal_cut_from_altitude(threshold)
    if regions is not None and len(cut.nodes()) > regions:
        cut = explorer.horizontal_cut_from_num_regions(regions, at_least=False)
    found = cut.labelisation_leaves(tree)  # of the pixels, not of the watershed's regions
    _, numbers = np.unique(found, return_inverse=True)
    return numbers.reshape(edges.shape).astype(np.int32)


def _hierarchy(edges: Edges) -> tuple[hg.Tree, npt.NDArray[np.float64]]:
    """Hierarchy of mean border strengths on the regions of the oriented watershed.

    As ``hg.mean_pb_hierarchy``, but for borders of one pixel: Higra fits straight pieces to a
    border, and one of a single pixel has no direction for it and is taken for horizontal, so that
    regions on both sides of a strong vertical edge merge at once. So here every pixel of a border
    also counts with the direction of the pixel side that it lies on, horizontal or vertical, and a
    border takes the larger of the two means.
    """
    graph = hg.get_4_adjacency_graph(edges.shape)
    weights = hg.weight_graph(graph, edges, hg.WeightFunction.mean)
    directions = _directions(graph, edges)
    rag, by_pieces = hg.oriented_watershed(graph, weights, edges.shape, directions)
    sources, targets = (ends // edges.shape[1] for ends in graph.edge_list()[:2])
    across = np.where(sources == targets, np.cos(directions), np.sin(directions))
    by_sides = hg.rag_accumulate_on_edges(rag, hg.Accumulators.mean, weights * np.abs(across))
    lengths = hg.rag_accumulate_on_edges(rag, hg.Accumulators.counter, weights)
    strengths = np.maximum(by_pieces, by_sides)
    return hg.binary_partition_tree_average_linkage(rag, strengths, lengths)


def _directions(graph: hg.UndirectedGraph, edges: Edges) -> npt.NDArray[np.float64]:
    """Direction across the edge (radians; x to y, y downwards) on each edge of the graph.

    That of the strongest negative curvature of the smoothed map, which is across its ridges; for
    any edge map, as in the structured edge toolbox. The second derivatives, not the angles, are
    averaged over the two pixels: 179 degrees and 1 degree are neighbours.
    """
    smooth = cv2.GaussianBlur(
        edges.astype(np.float32), (0, 0), _SMOOTHING, borderType=cv2.BORDER_REPLICATE
    )
    # divided by four, OpenCV's kernels of three pixels are second derivatives
    xx, yy, xy = (
        hg.weight_graph(
            graph,
            cv2.Sobel(smooth, cv2.CV_64F, *order, ksize=3, scale=0.25),
            hg.WeightFunction.mean,
        )
        for order in ((2, 0), (0, 2), (1, 1))
    )
    return np.arctan2(-2 * xy, yy - xx) / 2
