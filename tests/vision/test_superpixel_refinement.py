import numpy as np
import pytest

from pipeline.vision.superpixel_refinement import RefineParams, refine_labels, refine_mask

# Four superpixels on 4 x 5: areas 4, 4, 2, 10.
SUPERPIXELS = np.array(
    [
        [0, 0, 1, 1, 2],
        [0, 0, 1, 1, 2],
        [3, 3, 3, 3, 3],
        [3, 3, 3, 3, 3],
    ],
    dtype=np.int32,
)
# Covers 3 of 4 pixels of superpixel 0, 2 of 4 of 1, 2 of 2 of 2, and 9 of 10 of 3.
MASK = np.array(
    [
        [1, 1, 1, 0, 1],
        [1, 0, 1, 0, 1],
        [1, 1, 1, 1, 1],
        [1, 1, 1, 1, 0],
    ],
    dtype=bool,
)


def keeping(*kept: int) -> np.ndarray:
    return np.isin(SUPERPIXELS, kept)


def test_refine_mask_by_hand() -> None:
    # 0: 3/4 > 0.5; 1: 2/4 is not above 0.5; 2: 2/2; 3: 9/10, but its area 10/20 is not below 0.4.
    assert (refine_mask(MASK, SUPERPIXELS, 0.5, 0.4) == keeping(0, 2)).all()


def test_thresholds_by_hand() -> None:
    assert (refine_mask(MASK, SUPERPIXELS, 0.49, 0.4) == keeping(0, 1, 2)).all()
    assert (refine_mask(MASK, SUPERPIXELS, 0.75, 0.4) == keeping(2)).all()
    assert (refine_mask(MASK, SUPERPIXELS, 0.5, 0.51) == keeping(0, 2, 3)).all()
    assert (refine_mask(MASK, SUPERPIXELS, 0.5, 0.2) == keeping(2)).all()  # 4/20 is not below 0.2


def test_literal_iou_by_hand() -> None:
    # |M| = 16. IoU: 3/17, 2/18, 2/16, 9/17.
    literal = {"overlap": "iou", "beta": 0.9}
    assert (refine_mask(MASK, SUPERPIXELS, 0.5, **literal) == keeping(3)).all()
    assert (refine_mask(MASK, SUPERPIXELS, 0.12, **literal) == keeping(0, 2, 3)).all()
    assert not refine_mask(MASK, SUPERPIXELS, 0.5, 0.4, overlap="iou").any()


def test_empty_and_missing_numbers() -> None:
    assert not refine_mask(np.zeros_like(MASK), SUPERPIXELS, 0.0, 1.0).any()
    gap = np.where(SUPERPIXELS == 2, 9, SUPERPIXELS).astype(np.int32)
    assert (refine_mask(MASK, gap, 0.5, 0.4) == keeping(0, 2)).all()


def test_refinement_is_idempotent() -> None:
    once = refine_mask(MASK, SUPERPIXELS)
    assert once.any()
    assert (refine_mask(once, SUPERPIXELS) == once).all()


def test_refine_labels_by_hand() -> None:
    labels = np.array(
        [
            [5, 5, 2, 0, 2],
            [7, 0, 2, 0, 7],
            [0, 5, 0, 0, 0],
            [0, 0, 255, 0, 0],
        ],
        dtype=np.uint8,
    )
    expected = np.array(
        [
            [5, 5, 0, 0, 2],  # 0: three of four, 5 has most; 1: half only; 2: a tie, lower label
            [5, 5, 0, 0, 2],
            [0, 0, 0, 0, 0],
            [0, 0, 255, 0, 0],
        ],
        dtype=np.uint8,
    )
    found = refine_labels(labels, SUPERPIXELS, RefineParams(), num_labels=8)
    assert found.dtype == np.uint8
    assert (found == expected).all()


def test_refine_labels_fills_ignore_inside_a_kept_superpixel() -> None:
    labels = np.zeros((4, 5), dtype=np.uint8)
    labels[:2, :2] = [[3, 3], [3, 255]]
    expected = np.where(SUPERPIXELS == 0, 3, 0)
    assert (refine_labels(labels, SUPERPIXELS, RefineParams(), 4) == expected).all()


def test_refine_labels_foreground_agrees_with_refine_mask() -> None:
    rng = np.random.default_rng(0)
    superpixels = rng.integers(0, 9, (20, 24)).astype(np.int32)
    labels = np.where(superpixels < 5, rng.integers(0, 4, (20, 24)), 0).astype(np.uint8)
    params = RefineParams(alpha=0.7)
    found = refine_labels(labels, superpixels, params, 4)
    expected = refine_mask(labels > 0, superpixels, 0.7, 0.4)
    assert expected.any()
    assert not expected.all()
    assert ((found > 0) == expected).all()


def test_refuses() -> None:
    with pytest.raises(ValueError, match=r"one shape, received \(3, 3\) and \(4, 5\)"):
        refine_mask(np.zeros((3, 3), dtype=bool), SUPERPIXELS)
    with pytest.raises(ValueError, match="labels below 3, received 7"):
        refine_labels(np.full((4, 5), 7, dtype=np.uint8), SUPERPIXELS, RefineParams(), 3)
