from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params
from pipeline.training.augment import AugmentParams, augment, draw_crop, rotate_hue

HEIGHT, WIDTH, CELL = 48, 60, 12
Y, X = np.mgrid[:HEIGHT, :WIDTH]
# red says the column, green the row; the second frame says the same and is told apart by blue
POSITION = np.stack(
    [np.stack([4 * X, 4 * Y, np.full_like(X, blue)], axis=-1) for blue in (0, 90)]
).astype(np.uint8)
LABELS = (1 + X // CELL + 5 * (Y // CELL)).astype(np.uint8)


def draw(params: AugmentParams, seed: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.uint8]]:
    """Column and row (2 h w) that each pixel of the sample comes from, and its labels."""
    images, labels = augment(POSITION, LABELS, np.random.default_rng(seed), params)
    assert labels is not None and images.dtype == labels.dtype == np.uint8
    assert np.array_equal(images[0, ..., :2], images[1, ..., :2])  # one crop for all frames
    assert (images[0, ..., 2] == 0).all() and (images[1, ..., 2] == 90).all()
    return images[0, ..., :2].transpose(2, 0, 1) / 4.0, labels


@pytest.mark.parametrize(
    "params",
    [
        AugmentParams(crop=(30, 40), scale=(1.0, 1.0)),
        AugmentParams(crop=(30, 40), scale=(0.5, 2.0)),
        AugmentParams(crop=(64, 90), scale=(0.8, 1.25)),
        AugmentParams(scale=(0.7, 1.6)),
    ],
)
def test_labels_follow_the_image(params: AugmentParams) -> None:
    flips, scales = set(), []
    for seed in range(25):
        (column, row), labels = draw(params, seed)
        assert labels.shape == (params.crop or (HEIGHT, WIDTH))
        inside = labels != 255
        assert inside.any()
        # half a pixel of interpolation either way: look at pixels inside a cell
        clear = inside
        for place in (column, row):
            clear = clear & (np.abs((place + 0.5) % CELL - CELL / 2) < CELL / 2 - 1.5)
        assert clear.sum() > 0.2 * inside.sum()
        expected = 1 + column // CELL + 5 * (row // CELL)
        assert np.array_equal(labels[clear], expected[clear])
        across = np.diff(column, axis=1)[inside[:, 1:] & inside[:, :-1]]
        flips.add(float(np.sign(np.median(across))))
        scales.append(1 / np.abs(across).mean())
    assert flips == {-1.0, 1.0}
    low, high = params.scale
    assert min(scales) > 0.93 * low and max(scales) < 1.07 * high
    assert max(scales) - min(scales) >= 0.5 * (high - low)


def test_crops_lie_everywhere_inside() -> None:
    params = AugmentParams(crop=(30, 40), flip=False)
    corners = np.array([draw(params, seed)[0][:, 0, 0] for seed in range(60)])
    assert corners.min() >= 0 and (corners <= [WIDTH - 40, HEIGHT - 30]).all()
    assert (corners.min(axis=0) < 2).all() and (corners.max(axis=0) > [17, 15]).all()


def test_nothing_drawn_changes_nothing() -> None:
    images, labels = augment(POSITION, LABELS, np.random.default_rng(0), AugmentParams(flip=False))
    assert np.array_equal(images, POSITION)
    assert labels is not None and np.array_equal(labels, LABELS)


def test_flip_is_an_exact_mirror_of_half_of_the_samples() -> None:
    mirrored = 0
    for seed in range(40):
        images, labels = augment(POSITION, LABELS, np.random.default_rng(seed), AugmentParams())
        assert labels is not None
        flipped = not np.array_equal(labels, LABELS)
        mirrored += flipped
        step = -1 if flipped else 1
        assert np.array_equal(labels, LABELS[:, ::step])
        assert np.array_equal(images, POSITION[:, :, ::step])
    assert 10 <= mirrored <= 30


def test_what_lies_outside_the_frame_is_ignored() -> None:
    params = AugmentParams(crop=(60, 80), flip=False)
    tops = set()
    for seed in range(10):
        _, labels = draw(params, seed)
        inside = labels != 255
        rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
        assert abs(len(rows) - HEIGHT) <= 1 and abs(len(columns) - WIDTH) <= 1
        assert inside[np.ix_(rows, columns)].all()
        tops.add(int(rows[0]))
    assert len(tops) > 3 and max(tops) <= 12


def test_labels_are_never_mixed() -> None:
    params = AugmentParams(crop=(60, 80), scale=(0.5, 2.0))
    two = np.where(LABELS % 2 == 0, 9, 240).astype(np.uint8)
    for seed in range(5):
        _, labels = augment(POSITION, two, np.random.default_rng(seed), params)
        assert labels is not None and set(np.unique(labels)) <= {9, 240, 255}


def test_images_alone_draw_the_same() -> None:
    params = AugmentParams(crop=(30, 40), scale=(0.5, 2), hue=0.5)
    with_labels, _ = augment(POSITION, LABELS, np.random.default_rng(4), params)
    alone, none = augment(POSITION, None, np.random.default_rng(4), params)
    assert none is None and np.array_equal(alone, with_labels)


def test_hue_by_hand() -> None:
    colours = np.array([[[[200, 0, 0], [0, 100, 0], [50, 50, 50], [0, 0, 255]]]], np.uint8)
    third = rotate_hue(colours, 120)
    assert third.tolist() == [[[[0, 200, 0], [0, 0, 100], [50, 50, 50], [255, 0, 0]]]]
    assert np.array_equal(rotate_hue(third, -120), colours)
    assert np.array_equal(rotate_hue(colours, 360), colours)


def test_hue_keeps_brightness_and_is_one_for_all_frames() -> None:
    image = np.random.default_rng(0).integers(0, 256, (1, 8, 9, 3), dtype=np.uint8)
    clip = np.repeat(image, 3, axis=0)
    params = AugmentParams(flip=False, hue=1.0)
    changes = []
    for seed in range(8):
        found, _ = augment(clip, None, np.random.default_rng(seed), params)
        assert (found == found[:1]).all()
        assert np.abs(found.max(-1).astype(int) - clip.max(-1)).max() <= 1
        changes.append(np.abs(found.astype(int) - clip).mean())
    assert max(changes) > 40 and len(set(changes)) == 8


def test_maps_and_images_share_a_crop() -> None:
    regions = np.where(LABELS == 7, 70_000, LABELS.astype(np.int32))
    params = AugmentParams(crop=(64, 90), scale=(0.8, 1.25))
    crop = draw_crop(HEIGHT, WIDTH, np.random.default_rng(4), params)
    _, labels = augment(POSITION, LABELS, np.random.default_rng(4), params)
    assert labels is not None and (labels == 255).any() and (labels == 7).any()
    found = crop.labels(regions, -1)
    expected = labels.astype(np.int32)
    expected[labels == 255], expected[labels == 7] = -1, 70_000
    assert found.dtype == np.int32 and np.array_equal(found, expected)


@pytest.mark.parametrize(
    "change", [{"scale": [0, 1]}, {"crop": [0, 10]}, {"crop": [10]}, {"hue": 1.1}, {"flop": True}]
)
def test_refuses(change: dict[str, object]) -> None:
    with pytest.raises(InputError, match=rf"parameter augment\.{next(iter(change))}"):
        parse_params(AugmentParams, change, "augment")
