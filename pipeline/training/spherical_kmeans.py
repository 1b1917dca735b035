"""Spherical k-means of many regions at once (Banerjee et al., JMLR 2005; VSCR, Sec. 3.2).

All regions are clustered together: a cluster is a (region, slot), means are sums over these, and a
pixel is compared with the slots of its own region alone. Nothing loops over pixels or regions.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

LEAST = 8  # pixels of a cluster at the start; the mean of fewer is hardly more than the pixel


def numbered(*keys: Tensor) -> Tensor:
    """Number the N tuples made by ``keys``, each N integers >= 0, from 0 in sorted order."""
    number = torch.zeros_like(keys[0])
    for key in keys:
        _, number = torch.unique(number * (key.max() + 1) + key, return_inverse=True)
    return number


def initial_slots(regions: Tensor, clusters: int, least: int = LEAST) -> Tensor:
    """Cut the pixels of each region into equal parts, in the order in which they are given.

    In scan order a part is a band of the region: neighbours, which tend to look alike, start
    together, and bands differ where the region does. No part is empty, no number is drawn, and
    how regions or images are numbered changes nothing.

    Args:
        regions: N, region of each pixel, 0..R-1, every one of them present.
        clusters: parts of a region; fewer where a part would have fewer than ``least`` pixels.
        least: pixels of a part.

    Returns:
        N, the part of each pixel, 0..clusters-1.
    """
    sizes = torch.bincount(regions)
    order = regions.argsort(stable=True)
    starts = sizes.cumsum(0) - sizes
    rank = torch.empty_like(regions)
    rank[order] = torch.arange(len(regions), device=regions.device) - starts[regions[order]]
    parts = (sizes // least).clamp(1, clusters)
    return rank * parts[regions] // sizes[regions]


@torch.no_grad()
def spherical_kmeans(
    vectors: Tensor, regions: Tensor, slots: Tensor, clusters: int, iterations: int
) -> Tensor:
    """Split every region into clusters of vectors of like direction.

    Each iteration takes the normalised mean of every cluster (M-step), then gives each pixel to the
    cluster of its own region with the highest v.mu (E-step), the first of equal ones. A cluster
    that loses its last pixel is gone.

    Args:
        vectors: N D, unit length; no gradient is taken.
        regions: N, region of each pixel, 0..R-1.
        slots: N, cluster inside its region that each pixel starts in, 0..clusters-1.
        clusters: of a region, at most.
        iterations: 10 in the paper.

    Returns:
        N, cluster of each pixel, 0..M-1 in the order of regions and slots; none is empty.
    """
    if not len(vectors) or clusters == 1:
        return numbered(regions)
    count = (int(regions.max()) + 1) * clusters
    for _ in range(iterations):
        assigned = regions * clusters + slots
        means = prototypes(vectors, assigned, count).view(-1, clusters, vectors.shape[1])
        gone = (torch.bincount(assigned, minlength=count) == 0).view(-1, clusters)
        cosines = torch.stack(  # in place: new memory costs more than the products
            [means[:, s].index_select(0, regions).mul_(vectors).sum(1) for s in range(clusters)], 1
        )
        slots = cosines.masked_fill(gone[regions], -torch.inf).argmax(1)
    return numbered(regions, slots)


def prototypes(vectors: Tensor, assigned: Tensor, count: int) -> Tensor:
    """Normalised sums mu ``count D`` of the vectors N D of each cluster, with their gradient.

    Args:
        vectors: N D.
        assigned: N, cluster of each, 0..count-1. An empty cluster has the vector 0.
        count: clusters.
    """
    sums = vectors.new_zeros(count, vectors.shape[1]).index_add(0, assigned, vectors)
    return F.normalize(sums, dim=1)
