from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.selection.measure import (
    FILL,
    AnnotatedVideo,
    MeasuredRegions,
    join_regions,
    measure_regions,
)
from pipeline.selection.select import SelectParams, rank_average, select
from pipeline.vision.superpixel_refinement import RefineParams
from tests.tiny import blocks

NAMES = ("background", "bird-flying", "dog-running")
SIDE = 8  # of a patch, and of the square around each region here: nothing is resized
BACKGROUND = 30


def video(name: str = "v", frames: tuple[int, ...] = (4, 9)) -> AnnotatedVideo:
    """Two frames 24 x 32: one with a dog, and one with the same dog and a bird above it."""
    images = np.full((2, 24, 32, 3), BACKGROUND, np.uint8)
    labels = np.zeros((2, 24, 32), np.uint8)
    labels[:, 12:20, 8:16] = 2  # two by two superpixels of 4 x 4
    labels[1, 0:4, 20:28] = 1
    images[labels == 2] = (200, 10, 10)
    images[labels == 1] = (10, 10, 200)
    initial = labels.copy()
    initial[0, 12:16, 16:19] = 2  # 12 of 16 pixels of one more superpixel, which is kept then
    attention = np.zeros((2, 24, 32), np.float32)
    attention[:, 12:20, 8:12] = 1
    maps = {2: attention, 1: np.full((2, 24, 32), 0.5, np.float32)}
    regions = [blocks(24, 32, 4)] * 2
    return AnnotatedVideo(name, frames, images, labels, initial, regions, maps)


def measure(*videos: AnnotatedVideo, seed: int = 0) -> MeasuredRegions:
    return join_regions(
        [
            measure_regions(v, NAMES, RefineParams(), SIDE, np.random.default_rng(seed))
            for v in videos
        ]
    )


def test_scores_by_hand() -> None:
    table, patches = measure(video())
    assert table[["video", "frame", "label", "tag"]].values.tolist() == [
        ["v", 4, 2, "dog-running"],
        ["v", 9, 1, "bird-flying"],
        ["v", 9, 2, "dog-running"],
    ]
    assert table["colour_contrast"].tolist() == [1, 1, 1]  # no colour in common with the ring
    bird = 0.5 * 32 / (32 + 0.5 * (24 * 32 - 32))
    assert table["cam_agreement"].tolist() == pytest.approx([0.5, bird, 0.5])
    # refined before: 64 + 16 pixels, of which 64 + 12 were there
    assert table["rii"].tolist() == pytest.approx([76 / 80, 1, 1])
    assert all(len(p) == 3 for p in (patches.original, patches.pasted, patches.alone))


def test_agreement_along_flow_by_hand() -> None:
    own = video()
    labels = own.labels.copy()
    labels[1] = 0
    labels[1, 12:20, 12:20] = 2  # the dog of the second frame, four pixels to the right
    right = np.broadcast_to(np.float32([4, 0]), (24, 32, 2))
    still = np.zeros((24, 32, 2), np.float32)
    along = replace(own, labels=labels, initial=labels, neighbours=[{1: right}, {0: still}])
    table, _ = measure(along)
    # the first finds its neighbour where it is; the second, with flow that says nothing, half of it
    assert table["flow_agreement"].tolist() == pytest.approx([1, 32 / 96])
    assert measure(own)[0]["flow_agreement"].isna().all()


def test_agreement_with_motion_by_hand() -> None:
    right = np.zeros((24, 32, 2), np.float32)
    right[12:20, 12:20, 0] = 4  # the right half of the dog and as much beside it
    still = np.zeros((24, 32, 2), np.float32)
    still[0:4, 20:24, 1] = 0.25  # half of the bird, slower than what counts as 1
    table, _ = measure(replace(video(), neighbours=[{1: right}, {0: still}]))
    # dog 64 pixels, 32 of the 64 that move; bird 32 pixels, 16 of them at a quarter of the speed
    assert table["motion_agreement"].tolist() == pytest.approx([32 / 96, 4 / 32, 0])
    assert measure(video())[0]["motion_agreement"].isna().all()


def test_patches_by_hand() -> None:
    _, patches = measure(video())
    assert patches.background.tolist() == [True, True, True]
    dog, blank = np.full((8, 8, 3), (200, 10, 10)), np.full((8, 8, 3), BACKGROUND)
    assert np.array_equal(patches.original[0], dog)
    assert np.array_equal(patches.pasted[0], dog)
    # the bird is 4 x 8 pixels in a square of 8 x 8 that was moved into the frame
    bird = np.zeros((8, 8), bool)
    bird[:4] = True
    assert np.array_equal(patches.original[1], np.where(bird[..., None], (10, 10, 200), blank))
    assert np.array_equal(patches.pasted[1], patches.original[1])  # all background looks the same
    assert np.array_equal(patches.alone[1], np.where(bird[..., None], (10, 10, 200), FILL))


def test_background_comes_from_free_places() -> None:
    own = video()
    rng = np.random.default_rng(3)
    noise = rng.integers(0, 100, own.images.shape, dtype=np.uint8)
    noise[own.labels == 0, 2] = 0  # blue belongs to the annotated pixels alone
    noise[own.labels > 0, 2] = 255
    images = AnnotatedVideo(
        "v", own.frames, noise, own.labels, own.initial, own.superpixels, own.attention
    )
    pasted = [measure(images, seed=seed)[1].pasted[1] for seed in range(12)]
    assert all((p[4:, :, 2] == 0).all() and (p[:4, :, 2] == 255).all() for p in pasted)
    assert len({p.tobytes() for p in pasted}) > 3  # drawn
    assert np.array_equal(measure(images, seed=5)[1].pasted[1], pasted[5])


def test_no_place_for_a_background_patch() -> None:
    own = video()
    full = np.full_like(own.labels, 2)
    filled = AnnotatedVideo("v", own.frames, own.images, full, full, own.superpixels, own.attention)
    table, patches = measure(filled)
    assert len(table) == 2 and patches.background.tolist() == [False, False]
    assert not patches.pasted.any() and patches.original.any()


def test_patches_have_one_size() -> None:
    _, patches = measure_regions(video(), NAMES, RefineParams(), 5, np.random.default_rng(0))
    assert patches.original.shape == patches.alone.shape == (3, 5, 5, 3)
    assert (patches.original[0] == (200, 10, 10)).all()


def test_videos_follow_each_other_and_ignored_pixels_are_no_region() -> None:
    own = video("w")
    own.labels[0, :8, :8] = 255
    table, patches = measure(video("v"), own)
    assert table["video"].tolist() == ["v"] * 3 + ["w"] * 3
    assert all(len(stack) == 6 for stack in patches)


def test_videos_without_regions_change_nothing() -> None:
    own = video()
    nothing = np.zeros_like(own.labels)
    empty = AnnotatedVideo("e", own.frames, own.images, nothing, nothing, own.superpixels, {})
    alone, among = measure(own), measure(empty, own, empty)
    assert alone[0].equals(among[0]) and alone[0].dtypes.equals(among[0].dtypes)
    assert all(np.array_equal(a, b) for a, b in zip(alone[1], among[1], strict=True))


def test_no_regions_can_still_be_selected_from() -> None:
    own = video()
    nothing = np.zeros_like(own.labels)
    empty = AnnotatedVideo("v", own.frames, own.images, nothing, nothing, own.superpixels, {})
    for videos in ((), (empty,), (empty, empty)):
        table, patches = measure(*videos)
        assert len(table) == 0 and all(len(stack) == 0 for stack in patches)
        assert patches.original.ndim == 4 and patches.background.dtype == bool
        scores = ("colour_contrast", "cam_agreement")
        assert len(rank_average(table[list(scores)])) == 0
        frames = pd.DataFrame({"video": ["v", "v"], "frame": [4, 9]})
        params = SelectParams(rule="ranked", scores=scores)
        assert not select(frames, table, params).any()
