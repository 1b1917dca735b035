import numpy as np
import pytest

from pipeline.selection.patches import (
    Place,
    Square,
    background_square,
    crop_square,
    cut_and_paste,
    cut_out,
    enclosing_square,
    find_background_patch,
    regions_of,
)


def mask_of(shape: tuple[int, int], top: int, left: int, bottom: int, right: int) -> np.ndarray:
    mask = np.zeros(shape, dtype=bool)
    mask[top:bottom, left:right] = True
    return mask


def test_regions_by_hand() -> None:
    labels = np.array(
        [[0, 7, 0, 0, 255], [0, 7, 7, 0, 0], [3, 0, 0, 0, 3], [0, 0, 0, 0, 0]], dtype=np.uint8
    )
    first, second = regions_of(labels)
    assert (first.label, first.box) == (3, (2, 0, 3, 5))
    assert (second.label, second.box) == (7, (0, 1, 2, 3))
    assert (second.mask == (labels == 7)).all()
    assert regions_of(np.zeros((3, 4), dtype=np.uint8)) == []


def test_enclosing_square_by_hand() -> None:
    # 2 x 5 at the centre: grown to 5 x 5 around rows 4, 5
    assert enclosing_square(mask_of((12, 20), 4, 6, 6, 11)) == Square(2, 6, 5)
    # the same at the upper and at the lower border: moved inside
    assert enclosing_square(mask_of((12, 20), 0, 6, 2, 11)) == Square(0, 6, 5)
    assert enclosing_square(mask_of((12, 20), 10, 6, 12, 11)) == Square(7, 6, 5)
    # wider than the frame is high: sticks out above and below
    assert enclosing_square(mask_of((6, 20), 2, 3, 4, 13)) == Square(-2, 3, 10)


def test_enclosing_square_holds_the_object_and_no_smaller_one_does() -> None:
    rng = np.random.default_rng(0)
    for _ in range(40):
        top, left = rng.integers(0, 10), rng.integers(0, 14)
        mask = mask_of((16, 20), top, left, top + rng.integers(1, 7), left + rng.integers(1, 7))
        square = enclosing_square(mask)
        inside = mask_of((16, 20), square.top, square.left, *(np.array(square[:2]) + square.size))
        assert square.top >= 0
        assert square.left >= 0
        assert (inside & mask).sum() == mask.sum()
        height, width = mask.any(axis=1).sum(), mask.any(axis=0).sum()
        assert square.size == max(height, width)


def test_crop_square_by_hand() -> None:
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert crop_square(image, Square(0, 1, 3), "replicate").tolist() == [
        [1, 2, 3],
        [5, 6, 7],
        [9, 10, 11],
    ]
    assert crop_square(image, Square(-1, 2, 4), "replicate").tolist() == [
        [2, 3, 3, 3],
        [2, 3, 3, 3],
        [6, 7, 7, 7],
        [10, 11, 11, 11],
    ]
    assert crop_square(image, Square(1, -1, 3), "zero").tolist() == [
        [0, 4, 5],
        [0, 8, 9],
        [0, 0, 0],
    ]
    colour = np.stack([image, image + 20, image + 40], axis=-1)
    patch = crop_square(colour, Square(2, 3, 2), "zero")
    assert patch.tolist() == [[[11, 31, 51], [0, 0, 0]], [[0, 0, 0], [0, 0, 0]]]
    patch[...] = 9
    assert image[2, 3] == 11  # a copy


def test_background_square_is_uniform_over_the_free_positions() -> None:
    forbidden = mask_of((5, 6), 1, 2, 3, 4)
    free = {
        (top, left)
        for top in range(4)
        for left in range(5)
        if not forbidden[top : top + 2, left : left + 2].any()
    }
    assert free == {(3, 0), (3, 1), (3, 2), (3, 3), (3, 4)} | {
        (top, left) for top in range(3) for left in (0, 4)
    }
    rng = np.random.default_rng(0)
    drawn = [background_square(forbidden, 2, rng) for _ in range(2200)]
    counts = {place: drawn.count(place) for place in set(drawn)}
    assert set(counts) == free
    assert min(counts.values()) > 140  # 200 expected each, standard deviation 13.5
    assert max(counts.values()) < 260


def test_background_square_without_room() -> None:
    rng = np.random.default_rng(0)
    forbidden = mask_of((5, 6), 2, 2, 3, 4)
    assert background_square(forbidden, 3, rng) is None
    assert background_square(np.zeros((5, 6), dtype=bool), 6, rng) is None
    assert background_square(np.zeros((5, 6), dtype=bool), 5, rng) in {(0, 0), (0, 1)}


def test_find_background_patch_prefers_its_frame_then_another() -> None:
    full, half = np.ones((5, 6), dtype=bool), mask_of((5, 6), 0, 0, 5, 3)
    video = np.stack([full, half, full, half])
    for seed in range(12):
        found = find_background_patch(video, 3, np.random.default_rng(seed), prefer=3)
        assert found in {Place(3, top, 3) for top in range(3)}
    others = {
        find_background_patch(video, 3, np.random.default_rng(seed), prefer=0).frame
        for seed in range(12)
    }
    assert others == {1, 3}
    assert find_background_patch(video, 4, np.random.default_rng(0), prefer=1) is None


def test_cut_and_paste_and_cut_out_by_hand() -> None:
    foreground = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    background = foreground + 100
    mask = np.array([[True, False], [False, True]])
    assert cut_and_paste(foreground, mask, background).tolist() == [
        [[0, 1, 2], [103, 104, 105]],
        [[106, 107, 108], [9, 10, 11]],
    ]
    assert cut_out(foreground, mask, (50, 60, 70)).tolist() == [
        [[0, 1, 2], [50, 60, 70]],
        [[50, 60, 70], [9, 10, 11]],
    ]
    assert cut_out(foreground, mask, 128)[0, 1].tolist() == [128, 128, 128]


def test_refuses() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="empty"):
        enclosing_square(np.zeros((3, 4), dtype=bool))
    with pytest.raises(ValueError, match="size 0"):
        background_square(np.zeros((3, 4), dtype=bool), 0, rng)
    with pytest.raises(ValueError, match="T H W"):
        find_background_patch(np.zeros((3, 4), dtype=bool), 2, rng, prefer=0)
    patch = np.zeros((4, 4, 3), dtype=np.uint8)
    with pytest.raises(ValueError, match="S S 3"):
        cut_and_paste(patch, np.zeros((4, 4), dtype=bool), patch[:3, :3])
