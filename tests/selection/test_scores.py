import math

import numpy as np
import pytest

from pipeline.selection.scores import (
    cam_agreement,
    colour_contrast,
    flow_agreement,
    motion_agreement,
    rii_score,
)
from pipeline.vision.superpixel_refinement import RefineParams


def square(top: int, left: int, size: int, shape: tuple[int, int] = (20, 24)) -> np.ndarray:
    mask = np.zeros(shape, dtype=bool)
    mask[top : top + size, left : left + size] = True
    return mask


def test_contrast_extremes() -> None:
    mask = square(8, 9, 5)
    image = np.full((20, 24, 3), 30, dtype=np.uint8)
    assert colour_contrast(image, mask) == 0.0
    image[mask] = 200
    assert colour_contrast(image, mask) == pytest.approx(1.0)
    assert colour_contrast(image, np.ones((20, 24), dtype=bool)) == 0.0


def test_contrast_by_hand() -> None:
    # One pixel and, at width 1, the four next to it: half of the ring shares the pixel's colour.
    image = np.zeros((20, 24, 3), dtype=np.uint8)
    mask = square(5, 5, 1)
    image[5, 5] = (255, 0, 0)
    image[4, 5] = (240, 10, 40)  # the same of the 216 colours
    image[5, 4] = (215, 0, 0)  # also: 215 * 6 // 256 = 5
    image[6, 5] = (212, 0, 0)  # not: 212 * 6 // 256 = 4
    image[4, 4] = (0, 0, 255)  # diagonal: not in the ring
    # pixel: 1 | ring: 2/4 the same, 1/4 and 1/4 other colours -> (1/2 + 1/4 + 1/4) / 2
    assert colour_contrast(image, mask, ring=1) == pytest.approx(0.5)
    image[6, 5] = image[5, 6] = (255, 43, 0)  # another green: 43 * 6 // 256 = 1
    assert colour_contrast(image, mask, ring=1) == pytest.approx(0.5)
    image[4, 5] = (255, 0, 43)
    assert colour_contrast(image, mask, ring=1) == pytest.approx(0.75)


def test_contrast_agrees_with_a_plain_computation_at_the_border() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (20, 24, 3)).astype(np.uint8)
    image[:, :12] //= 3
    mask = square(0, 8, 7)
    rows, columns = np.mgrid[:20, :24]
    distance = np.hypot(rows - np.clip(rows, 0, 6), columns - np.clip(columns, 8, 14))
    ring = (distance > 0) & (distance <= 6)
    bins = [(np.arange(7) * 256 / 6)] * 3
    inside, _ = np.histogramdd(image[mask].astype(float), bins)
    around, _ = np.histogramdd(image[ring].astype(float), bins)
    expected = 0.5 * np.abs(inside / inside.sum() - around / around.sum()).sum()
    assert 0.2 < expected < 0.95
    assert colour_contrast(image, mask) == pytest.approx(expected)


def test_cam_agreement_by_hand() -> None:
    mask = np.array([[True, True, False], [False, False, False]])
    attention = np.array([[0.8, 0.5, 0.4], [0.0, 0.3, 0.0]])
    # minima .8 + .5; maxima 1 + 1 + .4 + .3
    assert cam_agreement(mask, attention) == pytest.approx(1.3 / 2.7)
    assert cam_agreement(mask, mask.astype(np.float32)) == 1.0
    assert cam_agreement(np.zeros((2, 3), dtype=bool), np.zeros((2, 3))) == 0.0


def test_motion_agreement_by_hand() -> None:
    mask = np.array([[True, True, False], [False, False, False]])
    speed = np.array([[4.0, 1.0, 2.0], [0.0, 0.0, 0.0]])
    # of the fastest: 1, 1/4, 1/2: minima 1 + 1/4, maxima 1 + 1 + 1/2
    assert motion_agreement(mask, speed) == pytest.approx(1.25 / 2.5)
    assert motion_agreement(mask, speed, least=8) == pytest.approx((1 / 2 + 1 / 8) / (2 + 1 / 4))
    assert motion_agreement(mask, 0 * speed) == 0


def test_rii_score_by_hand() -> None:
    superpixels = np.array([[0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 2, 2]], dtype=np.int32)
    mask = np.array([[1, 1, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0]], dtype=bool)
    # superpixel 0 (3/4) stays, 1 (1/4) goes: 3 in both, 5 in either
    assert rii_score(mask, superpixels, RefineParams()) == pytest.approx(0.6)
    assert rii_score(superpixels == 1, superpixels, RefineParams()) == 1.0
    assert rii_score(superpixels == 1, superpixels, RefineParams(beta=0.3)) == 0.0
    assert rii_score(mask & False, superpixels, RefineParams()) == 0.0


def test_flow_agreement_by_hand() -> None:
    mask = np.array([[True, True, False, False]])
    warped = np.array([[[1, 1, 0, 0]], [[0, 1, 1, 0]], [[0, 0, 0, 1]], [[1, 1, 1, 1]]], dtype=bool)
    assert flow_agreement(mask, warped) == pytest.approx((1 + 1 / 3 + 0 + 1 / 2) / 4)
    assert math.isnan(flow_agreement(mask, warped[:0]))


def test_refuses() -> None:
    mask = square(1, 1, 3)
    with pytest.raises(ValueError, match="H W 3"):
        colour_contrast(np.zeros((20, 24), dtype=np.uint8), mask)
    with pytest.raises(ValueError, match="empty"):
        colour_contrast(np.zeros((20, 24, 3), dtype=np.uint8), mask & False)
    with pytest.raises(ValueError, match="one shape"):
        cam_agreement(mask, np.zeros((3, 4)))
        motion_agreement(mask, np.zeros((3, 4)))
    with pytest.raises(ValueError, match="N H W"):
        flow_agreement(mask, mask)
