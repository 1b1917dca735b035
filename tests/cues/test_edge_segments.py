from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from pipeline.cues.edge_segments import edge_segments
from pipeline.cues.edges import gradient_edges

# three regions: a square and a disc on a ground
ROWS, COLUMNS = np.mgrid[:48, :64]
SQUARE = (ROWS >= 10) & (ROWS < 30) & (COLUMNS >= 6) & (COLUMNS < 24)
DISC = (ROWS - 28) ** 2 + (COLUMNS - 45) ** 2 <= 12**2
TRUE = np.where(SQUARE, 1, np.where(DISC, 2, 0))
COLOURS = np.array([(60, 70, 60), (200, 60, 50), (70, 120, 220)])


def picture(noise: int = 6) -> np.ndarray:
    """48 x 64 x 3: the three regions, with noise."""
    drawn = COLOURS[TRUE] + np.random.default_rng(0).integers(-noise, noise + 1, (48, 64, 3))
    return drawn.astype(np.uint8)


EDGES = gradient_edges(picture(), (1.0, 2.0))


def textured() -> np.ndarray:
    return np.random.default_rng(3).random((24, 30)).astype(np.float32)


def nested(fine: np.ndarray, coarse: np.ndarray) -> bool:
    """Whether every segment of the fine map lies in one segment of the coarse one."""
    pairs = np.unique(np.stack([fine.ravel(), coarse.ravel()]), axis=1)
    return pairs.shape[1] == fine.max() + 1


def test_three_regions_come_out_as_they_are() -> None:
    found = edge_segments(EDGES, 0.3)
    assert found.dtype == np.int32 and found.shape == (48, 64)
    assert sorted(np.unique(found)) == [0, 1, 2]
    # one to one, up to pixels on the borders, of which there are about 140
    for number in range(3):
        mine = found == np.bincount(found[number == TRUE]).argmax()
        union = mine | (number == TRUE)
        assert (mine & (number == TRUE)).sum() / union.sum() > 0.96
    assert (edge_segments(EDGES, 0.0, regions=3) == found).all()


def test_straight_borders_lie_on_the_step() -> None:
    drawn = np.where(SQUARE, 0, 255).astype(np.uint8)[..., None].repeat(3, 2)
    found = edge_segments(gradient_edges(drawn, (1.0,)), 0.1)
    wrong = np.abs((found == found[20, 15]).astype(int) - SQUARE)
    rows, columns = wrong.nonzero()
    # gradients of both pixels beside a step are equal: the watershed may take either, no other
    assert wrong[12:28, 8:22].sum() == 0
    assert wrong[:9].sum() == 0 and wrong[31:].sum() == 0
    assert wrong[:, :5].sum() == 0 and wrong[:, 25:].sum() == 0
    assert len(rows) == len(columns) < 2 * (20 + 18)


def test_a_higher_threshold_is_coarser_and_nested() -> None:
    edges = textured()
    maps = [edge_segments(edges, t) for t in (0.0, 0.3, 0.45, 0.55, 0.7, 1.0)]
    counts = [int(m.max()) + 1 for m in maps]
    assert counts == sorted(counts, reverse=True) and counts[0] > counts[2] > counts[-1] == 1
    for fine, coarse in pairwise(maps):
        assert nested(fine, coarse)


def test_at_most_so_many_regions() -> None:
    edges = textured()
    all_of_them = edge_segments(edges, 0.0)
    for regions in (1, 2, 7, 20):
        found = edge_segments(edges, 0.0, regions)
        assert found.max() + 1 == regions and nested(all_of_them, found)
    few = edge_segments(edges, 0.5)
    assert (edge_segments(edges, 0.5, regions=500) == few).all()


def test_the_mean_strength_of_a_border_is_compared() -> None:
    # two halves: 4 of the 10 rows of their border have strength 0.8, the others 0.2: 0.44
    edges = np.zeros((10, 16), np.float32)
    edges[:, 7:9] = 0.2
    edges[:4, 7:9] = 0.8
    assert edge_segments(edges, 0.41).max() == 1
    assert edge_segments(edges, 0.45).max() == 0
    halves = edge_segments(edges, 0.3)
    assert (halves[:, :7] == halves[0, 0]).all() and (halves[:, 9:] == 1 - halves[0, 0]).all()


def test_longer_borders_count_more() -> None:
    # above, 30 and 8 columns wide, divided by 0.1; below, all of the width. Once both above are
    # one, their border to what is below has (30 * 0.2 + 8 * 0.7) / 38 = 0.31, not (0.2 + 0.7) / 2
    edges = np.zeros((20, 38), np.float32)
    edges[:9, 29:31] = 0.1
    edges[9:11, :30], edges[9:11, 30:] = 0.2, 0.7
    assert edge_segments(edges, 0.05).max() == 2
    assert edge_segments(edges, 0.25).max() == 1
    assert edge_segments(edges, 0.38).max() == 0


def test_of_equal_borders_all_or_none_count() -> None:
    edges = np.zeros((10, 24), np.float32)
    edges[:, [7, 8, 15, 16]] = 0.5
    assert edge_segments(edges, 0.1).max() == 2
    assert edge_segments(edges, 0.1, regions=3).max() == 2
    assert edge_segments(edges, 0.1, regions=2).max() == 0  # at most two


def test_a_border_counts_across_its_edge_only() -> None:
    """A watershed line that leaves a ridge at a right angle borders on nothing."""
    edges = np.zeros((41, 41), np.float32)
    edges[:, 19:22] = 0.8  # a vertical ridge, three pixels wide, notched
    edges[20, 20] = 0.7
    straight = edge_segments(edges, 0.6)
    assert straight.max() == 1
    left, right = straight[:, :19], straight[:, 22:]
    assert (left == left[0, 0]).all() and (right == right[0, 0]).all()


def test_every_direction_counts_alike() -> None:
    for angle in (0, 25, 45, 70, 90, 115, 135, 160):
        direction = np.deg2rad(angle)
        away = (COLUMNS - 32) * np.cos(direction) + (ROWS - 24) * np.sin(direction)
        ridge = 0.6 * np.exp(-(away**2) / 8).astype(np.float32)
        found = edge_segments(ridge, 0.5)
        assert found.max() == 1, angle
        inside = np.abs(away) > 2
        assert ((found == found[away > 2][0]) == (away > 0))[inside].all()
        assert edge_segments(ridge, 0.61).max() == 0


def test_specks_are_merged() -> None:
    speck = picture()
    speck[3:8, 40:45] = 255  # 25 of 3072 pixels, with the strongest border of all
    specked = gradient_edges(speck, (1.0,))
    assert edge_segments(specked, 0.3).max() == 3
    found = edge_segments(specked, 0.3, area=0.01)
    assert found.max() == 2 and np.bincount(found.ravel()).min() >= 0.01 * found.size
    assert found[5, 42] == found[0, 0]
    assert (edge_segments(specked, 0.0, 3, area=0.01) == found).all()


def test_borders_of_one_pixel_do_not_leak() -> None:
    """Noise divides both sides of a step into many basins, some of which touch in one pixel."""
    step = np.zeros((40, 40, 3), np.uint8)
    step[:, 20:] = 200
    noise = np.random.default_rng(2).integers(0, 25, step.shape).astype(np.uint8)
    for image in (step + noise, np.ascontiguousarray((step + noise).transpose(1, 0, 2))):
        found = edge_segments(gradient_edges(image, (1.0,)), 0.35)
        found = found if found[0, 0] == found[39, 0] else found.T
        assert found.max() == 1
        assert (found[:, :20] == found[0, 0]).all() and (found[:, 20:] == found[0, 39]).all()


def test_frames_without_edges_are_one_segment() -> None:
    for shape in ((20, 30), (1, 40), (1, 1)):
        assert not edge_segments(np.zeros(shape, np.float32), 0.0, 8, 0.01).any()
    even = edge_segments(np.full((20, 30), 0.4, np.float32), 0.1, 8, 0.01)
    assert even.shape == (20, 30) and not even.any()
    assert edge_segments(np.full((1, 1), 0.4, np.float32), 0.1).tolist() == [[0]]


@pytest.mark.parametrize("turned", [False, True])
def test_one_row_and_one_column(turned: bool) -> None:
    row = np.array([[0, 0, 0.1, 0.9, 0.9, 0.1, 0, 0, 0.2, 0.6, 0.6, 0.1, 0]], np.float32)
    found = edge_segments(row.T if turned else row, 0.3, 8, 0.01)
    found = found.T if turned else found
    assert found.shape == (1, 13)
    assert found[0, :3].tolist() == [found[0, 0]] * 3 and len(np.unique(found)) == 3
    assert found[0, 6] not in (found[0, 0], found[0, -1])


def test_wrong_maps() -> None:
    for shape in ((4, 5, 1), (0, 5)):
        with pytest.raises(ValueError, match="expected an edge map H W, received shape"):
            edge_segments(np.zeros(shape, np.float32), 0.1)
    with pytest.raises(ValueError, match="at least one region, received 0"):
        edge_segments(textured(), 0.1, 0)
