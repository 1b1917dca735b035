from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params
from pipeline.training import relations
from pipeline.training.relations import (
    Located,
    RelationParams,
    WeightParams,
    cam_loss,
    contrast,
    edge_loss,
    region_clusters,
    relation_losses,
    tag_loss,
)
from tests.training.slow_relations import slow_losses

K = {"cam": 6.0, "edge": 16.0, "tag": 8.0}


def at(*places: tuple[float, int, int, int]) -> Located:
    """Unit vectors in the plane: degrees, image, segment, label of each."""
    angles = torch.deg2rad(torch.tensor([p[0] for p in places], dtype=torch.float64))
    numbers = torch.tensor([p[1:] for p in places]).T
    return Located(torch.stack([angles.cos(), angles.sin()], dim=1), *numbers)


def cosines(pixels: Located, clusters: Located) -> Tensor:
    return pixels.vectors @ clusters.vectors.T


def nll(positive: list[float], negative: list[float], k: float) -> float:
    """-log( P / (P + N) ) of cosines, as it is printed."""
    p, n = (sum(math.exp(k * c) for c in side) for side in (positive, negative))
    return -math.log(p / (p + n))


def sample(
    seed: int = 0, batch: int = 3, size: int = 6, width: int = 3
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Embeddings, segments with an outside, labels with ignored pixels, tags."""
    rng = np.random.default_rng(seed)
    embeddings = rng.normal(size=(batch, width, size, size))
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    segments = rng.choice([0, 1, 3], (batch, size, size), p=[0.6, 0.3, 0.1])
    segments[0, :, 5:] = -1
    labels = rng.choice([0, 1, 2, 255], (batch, size, size), p=[0.6, 0.2, 0.1, 0.1])
    labels[-1] = 255
    tags = np.zeros((batch, 4), bool)
    tags[np.arange(batch), np.arange(batch) % 4] = True
    tags[0, 1] = True
    return tuple(map(torch.from_numpy, (embeddings, segments, labels, tags)))  # type: ignore[return-value]


def only(name: str, **others: Any) -> RelationParams:
    weights = {"cam": 0.0, "edge": 0.0, "tag": 0.0} | {name: 1.0}
    return RelationParams(weight=WeightParams(**weights), **others)


def test_edge_loss_by_hand() -> None:
    pixels = at((0, 0, 0, 9), (90, 0, 1, 9), (0, 1, 0, 9))
    # image 1 is one segment: its pixel has no negatives, and its cluster is nobody's in image 0
    clusters = at((30, 1, 0, 9), (0, 0, 0, 9), (60, 0, 0, 9), (120, 0, 1, 9))
    first = nll([1, 0.5], [-0.5], 2)
    second = nll([math.sqrt(0.75)], [0, math.sqrt(0.75)], 2)
    found = float(edge_loss(pixels, clusters, 2))
    assert found == pytest.approx((first + second) / 2)


def test_cam_loss_by_hand() -> None:
    pixels = at((0, 0, 0, 0), (90, 0, 0, 5), (45, 1, 0, 255), (60, 1, 0, 7))
    clusters = at((0, 0, 0, 0), (60, 1, 0, 0), (120, 1, 0, 5), (0, 0, 0, 255))
    first = nll([1, 0.5], [-0.5], 3)
    second = nll([math.sqrt(0.75)], [0, math.sqrt(0.75)], 3)
    # 255 is not looked at; no cluster has the label 7
    found = float(cam_loss(cosines(pixels, clusters), pixels, clusters, 3))
    assert found == pytest.approx((first + second) / 2)


def test_tag_loss_by_hand() -> None:
    tags = torch.tensor([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1]]).bool()
    pixels = at((0, 0, 0, 0), (0, 1, 0, 0))
    clusters = at((60, 0, 0, 0), (0, 1, 0, 0), (90, 2, 0, 0), (180, 3, 0, 0))
    first = nll([0.5, 1], [0, -1], 1.5)  # {a}: itself and {a, b}
    second = nll([0.5, 1, 0], [-1], 1.5)  # {a, b}: all but {c}
    found = float(tag_loss(cosines(pixels, clusters), pixels, clusters, tags, 1.5))
    assert found == pytest.approx((first + second) / 2)


def test_only_pixels_with_positives_and_negatives_take_part() -> None:
    sums = torch.tensor([[1.0, 3.0], [1.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
    positive = torch.tensor([[True, False]]).expand(4, 2)
    found = contrast(sums, positive, ~positive)
    assert float(found) == pytest.approx((math.log(4) + math.log(2)) / 2)
    assert float(contrast(sums[1:3], positive[1:3], ~positive[1:3])) == 0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("clusters", [1, 2, 4])
def test_as_one_pixel_after_the_other(seed: int, clusters: int) -> None:
    values = sample(seed, batch=3 + seed % 2)
    found = relation_losses(*values, RelationParams(clusters=clusters))
    expected = slow_losses(*(v.numpy() for v in values), clusters, K)
    assert found._asdict() == pytest.approx(expected)
    assert min(expected.values()) > 0.01


@pytest.mark.parametrize("name", ["cam", "edge", "tag"])
def test_gradients(name: str) -> None:
    embeddings, segments, labels, tags = sample(3, size=5)

    def loss(free: Tensor) -> Tensor:
        # so small steps leave every pixel in its cluster
        return sum(relation_losses(F.normalize(free, dim=1), segments, labels, tags, only(name)))

    free = (2 * embeddings).requires_grad_()
    assert torch.autograd.gradcheck(loss, free)
    (gradient,) = torch.autograd.grad(loss(free), free)
    assert (
        gradient.abs().sum() > 0
        and gradient[segments[:, None].expand(-1, 3, -1, -1) < 0].eq(0).all()
    )


def test_prototypes_carry_gradients() -> None:
    """Pixels without a loss of their own are moved as members of clusters."""
    pixels = at((0, 0, 0, 1), (40, 0, 0, 255), (90, 0, 1, 2))
    vectors = pixels.vectors.requires_grad_()
    clusters = region_clusters(pixels, 1, 1)
    loss = edge_loss(pixels._replace(vectors=vectors.detach()), clusters, 2)
    (gradient,) = torch.autograd.grad(loss, vectors)
    assert gradient.abs().sum(1).min() > 0.01


def test_numbers_of_segments_and_order_of_images_change_nothing() -> None:
    embeddings, segments, labels, tags = sample(4)
    params = RelationParams()
    expected = relation_losses(embeddings, segments, labels, tags, params)
    renamed = torch.tensor([5, 2, 9, 0, -1])[segments]  # -1 is the last one
    order = torch.tensor([2, 0, 1])
    for values in (
        (embeddings, renamed, labels, tags),
        (embeddings[order], segments[order], labels[order], tags[order]),
    ):
        torch.testing.assert_close(relation_losses(*values, params), expected)


def test_what_is_outside_the_frame_changes_nothing() -> None:
    embeddings, segments, labels, tags = sample(5)
    expected = relation_losses(embeddings, segments, labels, tags, RelationParams())
    outside = segments < 0
    other = torch.where(outside[:, None], embeddings.flip(0), embeddings)
    labels = torch.where(outside, 1, labels)
    found = relation_losses(other, segments, labels, tags, RelationParams())
    torch.testing.assert_close(found, expected)


def test_relations_that_say_nothing_are_zero_with_a_graph() -> None:
    embeddings, segments, labels, tags = sample(6)
    embeddings.requires_grad_()
    params = RelationParams()
    unlabelled = relation_losses(embeddings, segments, torch.full_like(labels, 255), tags, params)
    assert unlabelled.cam == 0 and unlabelled.edge > 0 and unlabelled.tag > 0
    same = relation_losses(embeddings, segments, labels, torch.ones_like(tags), params)
    assert same.tag == 0 and same.cam > 0
    alone = relation_losses(embeddings[:1], segments[:1], labels[:1], tags[:1], params)
    assert alone.tag == 0 and alone.edge > 0
    whole = relation_losses(embeddings, 0 * segments, labels, tags, params)
    assert whole.edge == 0 and whole.cam > 0
    nothing = relation_losses(embeddings, 0 * segments - 1, labels, tags, params)
    for loss in (unlabelled.cam, same.tag, alone.tag, whole.edge, *nothing):
        (gradient,) = torch.autograd.grad(loss, embeddings, retain_graph=True)
        assert loss == 0 and gradient.eq(0).all()


def test_a_relation_of_weight_zero_is_not_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    values = sample(7)
    full = relation_losses(*values, RelationParams())
    for name in ("cam", "edge", "tag"):
        with monkeypatch.context() as patch:
            for other in {"cam", "edge", "tag"} - {name}:
                patch.delattr(relations, f"{other}_loss")
            found = relation_losses(*values, only(name))
        expected = {"cam": 0.0, "edge": 0.0, "tag": 0.0} | {name: float(getattr(full, name))}
        assert {k: float(v) for k, v in found._asdict().items()} == pytest.approx(expected)
    with monkeypatch.context() as patch:
        patch.delattr(relations, "region_clusters")
        off = RelationParams(weight=WeightParams(cam=0, edge=0, tag=0))
        assert sum(relation_losses(*values, off)) == 0


def test_total_is_the_weighted_sum() -> None:
    losses = relations.RelationLosses(*torch.tensor([1.0, 10.0, 100.0]))
    assert float(losses.total(WeightParams())) == pytest.approx(0.3 + 3 + 10)


def test_lower_precision_around_it_changes_nothing() -> None:
    embeddings, segments, labels, tags = sample(8)
    expected = relation_losses(embeddings.float(), segments, labels, tags, RelationParams())
    with torch.autocast("cpu", torch.bfloat16):
        found = relation_losses(embeddings.float(), segments, labels, tags, RelationParams())
    torch.testing.assert_close(found, expected)
    half = relation_losses(embeddings.bfloat16(), segments, labels, tags, RelationParams())
    assert half.edge.dtype == torch.float32
    assert half._asdict() == pytest.approx(
        {k: float(v) for k, v in expected._asdict().items()}, rel=0.05
    )


def test_the_largest_concentration_is_exact_in_float32() -> None:
    pixels, clusters = at((0, 0, 0, 0)), at((180, 0, 0, 0), (0, 0, 1, 0))  # the worst case
    single = [p._replace(vectors=p.vectors.float()) for p in (pixels, clusters)]
    assert float(edge_loss(*single, 40)) == pytest.approx(80)
    same = cam_loss(cosines(*single), *(p._replace(labels=p.segments) for p in single), 40)
    assert float(same) == pytest.approx(80)
    with pytest.raises(InputError, match=r"relations\.concentration\.tag = 41"):
        parse_params(RelationParams, {"concentration": {"tag": 41}}, "relations")


def test_shapes_that_do_not_fit_are_named() -> None:
    embeddings, segments, labels, tags = sample(9)
    with pytest.raises(ValueError, match=r"take segments and labels \(3, 6, 6\), got \(3, 6, 5\)"):
        relation_losses(embeddings, segments[..., :5], labels, tags, RelationParams())
    with pytest.raises(ValueError, match="3 tags, got 2"):
        relation_losses(embeddings, segments, labels, tags[:2], RelationParams())


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_tags_by_overlap(seed: int) -> None:
    """{a, b} comes nearer to {a} and to {b} than to {c} by the tag relation alone."""
    free = torch.randn(4, 8, 3, 3, generator=torch.Generator().manual_seed(seed)).requires_grad_()
    tags = torch.tensor([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1]]).bool()
    segments = torch.arange(9).view(3, 3).expand(4, 3, 3) // 5
    labels = torch.full((4, 3, 3), 255)

    def margin() -> float:
        means = F.normalize(F.normalize(free.detach(), dim=1).mean(dim=(2, 3)), dim=1)
        one, other, none = (means @ means[1])[[0, 2, 3]].tolist()
        return min(one, other) - none

    assert margin() < 0  # not yet
    optimiser = torch.optim.SGD([free], lr=5.0)
    for _ in range(100):
        vectors = F.normalize(free, dim=1)
        optimiser.zero_grad()
        relation_losses(vectors, segments, labels, tags, only("tag")).tag.backward()
        optimiser.step()
    assert margin() > 0.3
