from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from pipeline.training.spherical_kmeans import (
    initial_slots,
    numbered,
    prototypes,
    spherical_kmeans,
)
from tests.training.slow_relations import slow_kmeans


def directions(*degrees: float) -> torch.Tensor:
    angles = torch.deg2rad(torch.tensor(degrees, dtype=torch.float64))
    return torch.stack([angles.cos(), angles.sin()], dim=1)


def test_two_directions_are_told_apart_by_hand() -> None:
    # slots 0 0 1 1; means at 45 and 75 degrees; the second pixel is nearer to 75, the third to 45
    vectors = directions(0, 90, 50, 100)
    regions, slots = torch.zeros(4, dtype=torch.long), torch.tensor([0, 0, 1, 1])
    assert spherical_kmeans(vectors, regions, slots, 2, 1).tolist() == [0, 1, 0, 1]
    # then means at 25 and 95: nothing changes any more
    assert spherical_kmeans(vectors, regions, slots, 2, 10).tolist() == [0, 1, 0, 1]


def test_pixels_stay_in_their_region() -> None:
    # pixel 3 points where the clusters of region 0 do; those of its own are elsewhere
    vectors = directions(0, 90, 180, 0, 240)
    regions, slots = torch.tensor([0, 0, 1, 1, 1]), torch.tensor([0, 1, 0, 0, 1])
    found = spherical_kmeans(vectors, regions, slots, 2, 1)
    # region 1: 180 and 0 have the mean 0, and the cosine 0 with it; with 240: 0.5, -0.5 and 1
    assert found.tolist() == [0, 1, 3, 2, 3]


def test_an_emptied_cluster_is_dropped() -> None:
    # slot 1 of region 0 holds one pixel and slot 2 one, both at the mean of slot 0: the first wins
    vectors = directions(10, 10, 10, 200, 200)
    regions, slots = torch.tensor([0, 0, 0, 1, 1]), torch.tensor([0, 1, 2, 0, 1])
    assert spherical_kmeans(vectors, regions, slots, 3, 2).tolist() == [0, 0, 0, 1, 1]


def test_an_empty_slot_draws_no_pixel() -> None:
    # the mean is at 3.7 degrees; the last one's cosine with it is negative, with "no mean" 0
    vectors = directions(0, 0, 0, 170)
    regions = torch.zeros(4, dtype=torch.long)
    assert spherical_kmeans(vectors, regions, regions, 2, 5).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("seed", range(4))
def test_as_one_pixel_after_the_other(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(60, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    regions = np.concatenate([[0, 1, 2, 3], rng.choice(4, 56, p=[0.6, 0.25, 0.1, 0.05])])
    slots = initial_slots(torch.from_numpy(regions), 3, least=4)
    found = spherical_kmeans(torch.from_numpy(vectors), torch.from_numpy(regions), slots, 3, 10)
    assert found.tolist() == slow_kmeans(vectors, regions.tolist(), slots.tolist(), 10)
    assert int(found.max()) >= 6  # several clusters in some regions


def test_clusters_fit_better_than_their_start() -> None:
    vectors = F.normalize(torch.randn(200, 4, generator=torch.Generator().manual_seed(1)), dim=1)
    regions = torch.arange(200) % 3
    slots = initial_slots(regions, 4)
    fits = []
    for iterations in (1, 3, 10):
        found = spherical_kmeans(vectors, regions, slots, 4, iterations)
        means = prototypes(vectors, found, int(found.max()) + 1)
        fits.append(float((vectors * means[found]).sum(1).mean()))
    start = numbered(regions, slots)
    first = float((vectors * prototypes(vectors, start, 12)[start]).sum(1).mean())
    assert first < fits[0] < fits[1] <= fits[2]


def test_regions_start_in_equal_parts_in_order() -> None:
    regions = torch.tensor([1, 0, 1, 1, 0, 1, 2, 1, 0, 1])  # 0: 3 pixels, 1: 6, 2: 1
    slots = initial_slots(regions, 3, least=2)
    assert slots[regions == 1].tolist() == [0, 0, 1, 1, 2, 2]
    assert slots[regions == 0].tolist() == [0, 0, 0]  # two parts would have 1.5 pixels
    assert slots[regions == 2].tolist() == [0]
    assert initial_slots(regions, 2, least=1)[regions == 0].tolist() == [0, 0, 1]


def test_one_cluster_a_region_is_the_region() -> None:
    regions = torch.tensor([2, 0, 1, 0, 2])
    found = spherical_kmeans(directions(0, 1, 2, 3, 4), regions, torch.zeros_like(regions), 1, 10)
    assert found.tolist() == regions.tolist()


def test_numbers_follow_the_keys_and_have_no_gaps() -> None:
    first, second = torch.tensor([7, 0, 7, 0, 3]), torch.tensor([0, 9, 5, 9, 0])
    assert numbered(first, second).tolist() == [2, 0, 3, 0, 1]


def test_prototypes_by_hand_and_their_gradient() -> None:
    vectors = directions(0, 60, 200)
    found = prototypes(vectors, torch.tensor([0, 0, 2]), 3)
    expected = torch.stack([directions(30)[0], torch.zeros(2).double(), directions(200)[0]])
    torch.testing.assert_close(found, expected)
    free = vectors.requires_grad_()
    assert torch.autograd.gradcheck(lambda v: prototypes(v, torch.tensor([1, 1, 0]), 2), free)
