from __future__ import annotations

import numpy as np
import pytest
import torch

from pipeline.cues.positions import cover_frame, frames_of_maps, interpolate_in_time
from pipeline.networks.base import Layer

ONE_BY_ONE = Layer("", 1)


def test_maps_of_equal_cells_stay() -> None:
    maps = torch.rand(2, 3, 4, 5)
    assert cover_frame(maps, Layer("", 8, 3.5), 32, 40) is maps
    assert cover_frame(maps, ONE_BY_ONE, 4, 5) is maps


def test_positions_at_the_left_edge_of_their_cells_by_hand() -> None:
    # positions at pixels 0, 4, 8; the middles of cells of two pixels at 0.5, 2.5, ..., 10.5
    maps = torch.tensor([[0.0, 8.0, 0.0]])
    covered = cover_frame(maps, Layer("", 4), 4, 12)
    assert covered.shape == (2, 6)
    assert covered[0].tolist() == [1, 5, 7, 3, 0, 0]
    assert covered[1].tolist() == covered[0].tolist()


def test_positions_beyond_equal_cells_by_hand() -> None:
    # positions at pixels 3 and 7; an input of 7 pixels: cells of 1.75, middles 0.375, 2.125, ...
    covered = cover_frame(torch.tensor([[4.0], [8.0]]), Layer("", 4, 3), 7, 1)
    assert covered[:, 0].tolist() == pytest.approx([4, 4, 4.875, 6.625])


def test_what_lies_right_on_the_frame_stays_where_it_is() -> None:
    """A bump around pixel 40, seen at stride 8 from pixel 0 on, is around pixel 40 on the frame."""
    seen = torch.exp(-(((torch.arange(12) * 8.0 - 40) / 10) ** 2)).expand(12, 12)
    covered = cover_frame(seen, Layer("", 8), 96, 96)[0]
    pixels = (torch.arange(24) + 0.5) * 4 - 0.5
    assert float((covered * pixels).sum() / covered.sum()) == pytest.approx(40, abs=0.05)


def test_frames_of_maps_by_hand() -> None:
    assert frames_of_maps(4, Layer("", 1, 0, 4, 0)).tolist() == [0, 4, 8, 12]
    assert frames_of_maps(2, Layer("", 1, 0, 8, 5)).tolist() == [5, 13]
    assert frames_of_maps(3, ONE_BY_ONE).tolist() == [0, 1, 2]


def test_interpolation_in_time_by_hand() -> None:
    maps = np.array([0.0, 10.0]).reshape(2, 1, 1)
    clip = np.array([100, 110, 120, 130])  # maps lie at clip positions 0.5, 2.5: frames 105, 125
    frames = np.array([0, 105, 110, 115, 124, 125, 400])
    result = interpolate_in_time(maps, Layer("", 1, 0, 2, 0.5), clip, frames)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result[:, 0, 0], [0, 0, 2.5, 5, 9.5, 10, 10], rtol=1e-6)


def test_interpolation_with_an_uneven_clip() -> None:
    maps = np.array([1.0, 3.0, 7.0], dtype=np.float16).reshape(3, 1, 1)
    clip = np.array([0, 1, 8])  # a map for each frame
    result = interpolate_in_time(maps, ONE_BY_ONE, clip, np.array([0, 1, 2, 8]))
    np.testing.assert_allclose(result[:, 0, 0], [1, 3, 3 + 4 / 7, 7], rtol=1e-6)
    repeated = interpolate_in_time(maps, ONE_BY_ONE, np.array([5, 5, 5]), np.array([4, 6]))
    np.testing.assert_allclose(repeated[:, 0, 0], [1, 7])
    with pytest.raises(ValueError, match="order of time"):
        interpolate_in_time(maps, ONE_BY_ONE, np.array([2, 1, 0]), np.array([0]))
    with pytest.raises(ValueError, match="expected maps T' h w"):
        interpolate_in_time(maps[0], ONE_BY_ONE, clip, clip)
