"""The contrastive relations of VSCR: edges, activation maps and tags (Sec. 3.2, Eq. 1 to 4).

Pixels are compared with clusters of pixels: spherical k-means splits each region, the pixels of one
image that share edge segment and CAM label, and the normalised sum of a cluster is its prototype
mu. A pixel i with positive clusters P and negative clusters N has the loss

    L(i; P, N) = -log( sum_{j in P} exp(k v_i.mu_j) / sum_{j in P or N} exp(k v_i.mu_j) ).

- *edge*: P are the clusters of its edge segment, N the others of its image.
- *cam*: P are the clusters of the batch with its CAM label, N those with another one.
- *tag*: P are the clusters of images whose tags overlap with its own, N those of all others.

The paper leaves open what happens where P or N is empty and the loss is undefined or always 0: here
such a pixel takes no part, and each loss is the mean over the pixels that do. A pixel's own cluster
is one of its positives. With several devices a batch is what one device sees.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from pipeline.datasets.taxonomy import IGNORE
from pipeline.runtime.params import Params
from pipeline.training.spherical_kmeans import (
    initial_slots,
    numbered,
    prototypes,
    spherical_kmeans,
)


class ConcentrationParams(Params):
    """Factor k on v.mu in each relation; up to 40, for exp(-2 k) to be a number in float32."""

    cam: float = Field(default=6.0, gt=0, le=40)
    edge: float = Field(default=16.0, gt=0, le=40)
    tag: float = Field(default=8.0, gt=0, le=40)


class WeightParams(Params):
    """Weight of each relation in the objective; 0 leaves it out."""

    cam: float = Field(default=0.3, ge=0)
    edge: float = Field(default=0.3, ge=0)
    tag: float = Field(default=0.1, ge=0)


class RelationParams(Params):
    """The contrastive relations.

    Attributes:
        concentration: k_c, k_e, k_t.
        weight: alpha_c, alpha_e, alpha_t (Eq. 4).
        clusters: into which k-means splits a region, at most.
        iterations: of k-means.
    """

    concentration: ConcentrationParams = ConcentrationParams()
    weight: WeightParams = WeightParams()
    clusters: int = Field(default=4, ge=1)
    iterations: int = Field(default=10, ge=1)


class RelationLosses(NamedTuple):
    """Scalars; 0 where no pixel takes part, and for a relation of weight 0."""

    cam: Tensor
    edge: Tensor
    tag: Tensor

    def total(self, weight: WeightParams) -> Tensor:
        """Eq. 4: the sum of the losses by their weights."""
        return weight.cam * self.cam + weight.edge * self.edge + weight.tag * self.tag


class Located(NamedTuple):
    """Pixels, or clusters of them, and where they are from.

    Attributes:
        vectors: N D, unit length.
        images: N, position in the batch.
        segments: N, edge segment inside the image.
        labels: N, CAM label; 255 for none.
    """

    vectors: Tensor
    images: Tensor
    segments: Tensor
    labels: Tensor


def relation_losses(
    embeddings: Tensor, segments: Tensor, labels: Tensor, tags: Tensor, params: RelationParams
) -> RelationLosses:
    """The losses of a batch.

    Args:
        embeddings: B D h w, unit length along D.
        segments: B h w, edge segment of each pixel, numbered inside its image from 0; -1 outside
            the frame, where pixels take part in nothing.
        labels: B h w, CAM label; 255 where there is none, which is everywhere in a sample without
            labels.
        tags: B K, bool. Images without any tag share the background's entry, so that they overlap.
        params: concentrations, which relations there are, k-means.

    Raises:
        ValueError: shapes that do not fit.
    """
    batch, _, height, width = embeddings.shape
    expected = (batch, height, width)
    if segments.shape != expected or labels.shape != expected or len(tags) != batch:
        raise ValueError(
            f"embeddings {tuple(embeddings.shape)} take segments and labels {expected}, got "
            f"{tuple(segments.shape)} and {tuple(labels.shape)}, and {batch} tags, got {len(tags)}"
        )
    k, weight = params.concentration, params.weight
    zero = embeddings.sum() * 0
    if not any((weight.cam, weight.edge, weight.tag)) or not bool((segments >= 0).any()):
        return RelationLosses(zero, zero, zero)
    with torch.autocast(embeddings.device.type, enabled=False):  # k makes rounding errors large
        pixels = located(embeddings, segments, labels)
        clusters = region_clusters(pixels, params.clusters, params.iterations)
        edge = edge_loss(pixels, clusters, k.edge) if weight.edge else zero
        if not weight.cam and not weight.tag:
            return RelationLosses(zero, edge, zero)
        cosines = pixels.vectors @ clusters.vectors.T  # N M, the largest tensor here: once
        cam = cam_loss(cosines, pixels, clusters, k.cam) if weight.cam else zero
        tag = tag_loss(cosines, pixels, clusters, tags, k.tag) if weight.tag else zero
        return RelationLosses(cam, edge, tag)


def located(embeddings: Tensor, segments: Tensor, labels: Tensor) -> Located:
    """The pixels inside the frames of B D h w embeddings, image by image in scan order."""
    inside = segments >= 0
    vectors = embeddings.permute(0, 2, 3, 1)[inside]
    if vectors.dtype in (torch.float16, torch.bfloat16):
        vectors = vectors.float()
    return Located(vectors, inside.nonzero()[:, 0], segments[inside], labels[inside])


def region_clusters(pixels: Located, clusters: int, iterations: int) -> Located:
    """Clusters of the pixels of each (image, edge segment, CAM label), with their prototypes.

    Which pixel is in which cluster is found without gradient; prototypes have one.
    """
    regions = numbered(pixels.images, pixels.segments, pixels.labels)
    slots = initial_slots(regions, clusters)
    assigned = spherical_kmeans(pixels.vectors.detach(), regions, slots, clusters, iterations)
    count = int(assigned.max()) + 1
    member = torch.empty(count, dtype=torch.long, device=assigned.device)
    member[assigned] = torch.arange(len(assigned), device=assigned.device)  # any one of them
    return Located(
        prototypes(pixels.vectors, assigned, count),
        pixels.images[member],
        pixels.segments[member],
        pixels.labels[member],
    )


def cam_loss(cosines: Tensor, pixels: Located, clusters: Located, concentration: float) -> Tensor:
    """Clusters with the pixel's CAM label against those with another; 255 is in neither.

    Args:
        cosines: N M, v.mu of pixels and clusters.
        pixels: N.
        clusters: M.
        concentration: k_c.
    """
    names = torch.unique(clusters.labels[clusters.labels != IGNORE])
    groups = clusters.labels[:, None] == names
    sums = _GroupSums.apply(cosines, groups.to(cosines.dtype), concentration)
    same = pixels.labels[:, None] == names
    return contrast(sums, same, ~same)  # 255 has no positives, and so no loss


def edge_loss(pixels: Located, clusters: Located, concentration: float) -> Tensor:
    """Clusters of the pixel's edge segment against the others of its image.

    Pixels meet the clusters of their own image alone, as blocks B P J of all images at once.

    Args:
        pixels: N.
        clusters: M.
        concentration: k_e.
    """
    batch = int(pixels.images.max()) + 1
    rows, here = _by_image(pixels.images, batch)
    columns, there = _by_image(clusters.images, batch)
    cosines = torch.bmm(pixels.vectors[rows], clusters.vectors[columns].transpose(1, 2))
    present = here[:, :, None] & there[:, None, :]
    same = pixels.segments[rows][:, :, None] == clusters.segments[columns][:, None, :]
    sums = torch.exp(concentration * (cosines - 1))
    return contrast(
        sums.flatten(0, 1), (same & present).flatten(0, 1), (~same & present).flatten(0, 1)
    )


def _by_image(images: Tensor, batch: int) -> tuple[Tensor, Tensor]:
    """Positions B L of the entries of each image, and a mask B L: True where not padding (0)."""
    sizes = torch.bincount(images, minlength=batch)
    places = torch.arange(int(sizes.max()), device=images.device)
    there = places < sizes[:, None]
    rows = (sizes.cumsum(0) - sizes)[:, None] + places
    return images.argsort(stable=True)[rows.masked_fill(~there, 0)], there


def tag_loss(
    cosines: Tensor, pixels: Located, clusters: Located, tags: Tensor, concentration: float
) -> Tensor:
    """Clusters of images whose tags overlap with those of the pixel's against all others.

    Args:
        cosines: N M, v.mu of pixels and clusters.
        pixels: N.
        clusters: M.
        tags: B K, bool.
        concentration: k_t.
    """
    groups = F.one_hot(clusters.images, len(tags)).to(cosines.dtype)
    sums = _GroupSums.apply(cosines, groups, concentration)
    shared = tags.to(cosines.dtype)
    overlap = ((shared @ shared.T) > 0)[pixels.images]
    return contrast(sums, overlap, ~overlap)


class _GroupSums(torch.autograd.Function):
    """exp(k (v.mu - 1)) @ groups, with one matrix of the size of the cosines in each direction.

    No cosine exceeds 1, so the factor exp(-k) prevents overflow as in logsumexp, and it cancels in
    each loss; sums over groups of clusters become matrix products. Plain operations would write
    seven such matrices, and writing memory is what takes the time.
    """

    @staticmethod
    def forward(ctx: Any, cosines: Tensor, groups: Tensor, concentration: float) -> Tensor:
        exponentials = (concentration * cosines).sub_(concentration).exp_()
        ctx.save_for_backward(exponentials, groups)
        ctx.concentration = concentration
        return exponentials @ groups

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        exponentials, groups = ctx.saved_tensors
        return ((ctx.concentration * grads[0]) @ groups.T).mul_(exponentials), None, None


def contrast(sums: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
    """Mean of -log( p / (p + n) ) over the pixels that have both positives and negatives.

    Args:
        sums: N G, sums of exponentials over each group of clusters; 0 for an empty one.
        positive: N G, bool, which groups are the pixel's positives.
        negative: N G, bool.

    Returns:
        A scalar; 0, with a graph, where no pixel has both.
    """
    p, n = (sums * positive).sum(1), (sums * negative).sum(1)
    both = (p > 0) & (n > 0)
    losses = F.softplus(n[both].log() - p[both].log())  # -log(p / (p + n)) = log(1 + n / p)
    return losses.sum() / max(len(losses), 1)
