from __future__ import annotations

import numpy as np
import pytest

from pipeline.cues.video_regions import (
    VideoRegions,
    carry,
    spatial_links,
    temporal_links,
    video_regions,
)
from tests.tiny import blocks
from tests.vision.test_warping import constant


def two_frames() -> VideoRegions:
    """Two frames 2 x 6, each of three regions 2 x 2; colours 0, 60, 120, then 0, 60, 240."""
    maps = [blocks(2, 6, 2)] * 2
    images = [np.zeros((2, 6, 3), np.uint8) for _ in maps]
    for image, last in zip(images, (120, 240), strict=True):
        image[:, 2:4, 0], image[:, 4:, 0] = 60, last
    return video_regions(images, maps)


def test_regions_by_hand() -> None:
    regions = two_frames()
    assert regions.first.tolist() == [0, 3] and regions.frame.tolist() == [0, 0, 0, 1, 1, 1]
    assert regions.area.tolist() == [4] * 6
    assert regions.colour[:, 0].tolist() == [0, 60, 120, 0, 60, 240]
    values = np.arange(12).reshape(2, 6)
    assert regions.mean(1, values).tolist() == [3.5, 5.5, 7.5]
    painted = regions.paint(1, np.array([9, 9, 9, 1, 2, 3]))
    assert painted.tolist() == [[1, 1, 2, 2, 3, 3]] * 2


def test_spatial_links_by_hand() -> None:
    links = spatial_links(two_frames())
    assert links.pairs.tolist() == [[0, 1], [1, 2], [3, 4], [4, 5]]
    typical = (3 * 60**2 + 180**2) / 4
    expected = [np.exp(-(60**2) / (2 * typical))] * 3 + [np.exp(-(180**2) / (2 * typical))]
    assert links.weight == pytest.approx(expected)


def test_spatial_links_are_those_of_all_neighbours() -> None:
    numbers = np.random.default_rng(0).integers(0, 6, (7, 9)).astype(np.int32)
    numbers.flat[:6] = range(6)
    image = np.random.default_rng(1).integers(0, 256, (7, 9, 3)).astype(np.uint8)
    expected = set()
    for y in range(7):
        for x in range(9):
            for other in ((y + 1, x), (y, x + 1)):
                if other[0] < 7 and other[1] < 9 and numbers[y, x] != numbers[other]:
                    expected.add(tuple(sorted((int(numbers[y, x]), int(numbers[other])))))
    found = spatial_links(video_regions([image], [numbers])).pairs
    assert {tuple(p) for p in found.tolist()} == expected and len(found) == len(expected)


def test_temporal_links_by_hand() -> None:
    sure = np.ones((2, 6), bool)
    sure[:, 4:] = False
    links, share = temporal_links(two_frames(), [constant(2, 6, 1, 0)], [sure])
    # each region sends half of its pixels to its own place, half to the next; the last half leaves
    assert links.pairs.tolist() == [[0, 3], [0, 4], [1, 4], [1, 5], [2, 5]]
    assert share.tolist() == [0.5, 0.5, 0.5, 0.5, 0.125]
    squares = np.array([0, 60, 0, 180, 120]) ** 2
    assert links.weight == pytest.approx(share * np.exp(-squares / (2 * squares.mean())))


def test_one_frame_has_no_temporal_links() -> None:
    image = np.zeros((2, 6, 3), np.uint8)
    links, share = temporal_links(video_regions([image], [blocks(2, 6, 2)]), [], [])
    assert links.pairs.shape == (0, 2) and len(links.weight) == len(share) == 0


def test_carry_by_hand() -> None:
    regions = two_frames()
    pairs = np.array([[0, 3], [0, 4], [1, 4]])
    share = np.array([1.0, 0.25, 0.75])
    values = np.array([1.0, 0.2, 0.6, 0.0, 0.4, 0.8])
    # forward: 3 gets .8 x 1 + .2 x 0, 4 gets .8 (.25 x 1 + .75 x .2) + .2 x .4; 5 gets nothing
    forward = [1.0, 0.2, 0.6, 0.8, 0.8 * 0.4 + 0.08, 0.8]
    # backward: 0 gets .8 (1 x 0 + .25 x .4) / 1.25 + .2, 1 gets .8 x .4 + .2 x .2
    backward = [0.8 * 0.08 + 0.2, 0.32 + 0.04, 0.6, 0.0, 0.4, 0.8]
    found = carry(values, regions, pairs, share, own=0.2)
    assert found == pytest.approx((np.array(forward) + backward) / 2)
    assert carry(values, regions, pairs, share, own=1.0) == pytest.approx(values)
