from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.ndimage import distance_transform_edt

from pipeline.cues.flow import FlowParams, estimate_all
from pipeline.cues.motion_segments import MotionParams, appearance, band, segment_motion
from pipeline.cues.video_regions import video_regions
from pipeline.vision.slic import SlicParams
from pipeline.vision.warping import Flow, at_size
from tests.cues.test_flow import texture
from tests.tiny import blocks

SIZE = (64, 96)
PARAMS = MotionParams(superpixels=SlicParams(segments=200, compactness=20.0, iterations=5))
Images = list[npt.NDArray[np.uint8]]


def film(count: int = 8, pan: int = 1, speed: int = 4) -> tuple[Images, npt.NDArray[np.bool_]]:
    """A panning camera and a textured box that moves against it; frames and true masks."""
    background = texture(80, 140) // 2
    box = texture(22, 26, seed=1) // 2 + np.array([120, 40, 0], np.uint8)
    images, masks = [], np.zeros((count, *SIZE), bool)
    for t in range(count):
        image = background[8:72, 8 + pan * t : 104 + pan * t].copy()
        left = 10 + speed * t
        image[20:42, left : left + 26] = box
        masks[t, 20:42, left : left + 26] = True
        images.append(image)
    return images, masks


def flows(images: Images) -> tuple[list[Flow], list[Flow]]:
    return estimate_all(images, FlowParams(backward=True))


def iou(a: npt.NDArray[np.bool_], b: npt.NDArray[np.bool_]) -> float:
    return float((a & b).sum() / (a | b).sum())


def test_what_moves_against_the_camera_is_found_in_every_frame() -> None:
    images, masks = film()
    found = segment_motion(images, *flows(images), PARAMS)
    assert found.shape == masks.shape and found.dtype == bool
    assert min(iou(a, b) for a, b in zip(found, masks, strict=True)) > 0.7
    assert np.mean([iou(a, b) for a, b in zip(found, masks, strict=True)]) > 0.8


def test_an_object_that_rests_for_two_frames_is_not_lost() -> None:
    images, masks = film()
    images[4:6], masks[4:6] = [images[3]] * 2, masks[3]
    found = segment_motion(images, *flows(images), PARAMS)
    assert iou(found[4], masks[4]) > 0.6


def test_nothing_moves() -> None:
    still = [film(1)[0][0]] * 3
    assert not segment_motion(still, *flows(still), PARAMS).any()
    plain = [np.full((*SIZE, 3), 90, np.uint8)] * 2
    assert not segment_motion(plain, *flows(plain), PARAMS).any()


def test_two_frames_are_enough() -> None:
    images, masks = film(2)
    found = segment_motion(images, *flows(images), PARAMS)
    assert found.shape == (2, *SIZE) and iou(found[0], masks[0]) > 0.5


def test_flow_and_work_at_another_size() -> None:
    images, masks = film()
    forward, backward = flows(images)
    small = [[at_size(f, 48, 72) for f in part] for part in (forward, backward)]
    found = segment_motion(images, *small, PARAMS)
    assert np.mean([iou(a, b) for a, b in zip(found, masks, strict=True)]) > 0.7
    reduced = PARAMS.model_copy(update={"max_side": 64})
    found = segment_motion(images, forward, backward, reduced)
    assert found.shape == masks.shape
    assert np.mean([iou(a, b) for a, b in zip(found, masks, strict=True)]) > 0.6


def test_numbers_that_do_not_fit() -> None:
    images, _ = film(3)
    forward, backward = flows(images)
    for kept, onward in ((images[:1], []), (images, forward[:1])):
        with pytest.raises(ValueError, match=f"received {len(kept)} frames, {len(onward)} and"):
            segment_motion(kept, onward, backward[: len(kept) - 1], PARAMS)


def test_appearance_tells_colours_apart_in_each_window() -> None:
    """Red is the object's in the first ten frames, the background's in frames far from them."""
    maps = [blocks(8, 16, 2)] * 40
    images = [np.zeros((8, 16, 3), np.uint8) for _ in maps]
    rng = np.random.default_rng(0)
    location = np.zeros((40, 4, 8))
    for t, image in enumerate(images):
        image[...] = rng.integers(0, 40, image.shape)
        image[:, :8, 0] += 180  # left red, right dark
        location[t, :, :4] = 0.95 if t < 10 else 0.05
        location[t, :, 4:] = 0.05 if t < 10 else 0.95
    params = PARAMS.model_copy(update={"components": 2, "samples": 200, "reach": 5.0})
    found = appearance(video_regions(images, maps), location.ravel(), params).reshape(40, 4, 8)
    first, last = found[:10], found[-10:]
    assert np.quantile(first[..., :4], 0.05) > 0.6 and np.quantile(first[..., 4:], 0.95) < 0.4
    assert np.quantile(last[..., :4], 0.95) < 0.4 and np.quantile(last[..., 4:], 0.05) > 0.6


def test_appearance_without_foreground_says_nothing() -> None:
    regions = video_regions([texture(8, 16)], [blocks(8, 16, 2)])
    assert (appearance(regions, np.zeros(32), PARAMS) == 0.5).all()


def test_the_band_is_what_lies_near_the_border() -> None:
    segment = np.zeros((30, 40), bool)
    segment[8:22, 10:30] = True
    found = band(segment, 2)
    inside, outside = distance_transform_edt(segment), distance_transform_edt(~segment)
    near = np.where(segment, inside, outside)
    assert found[near <= 1].all() and not found[near > 3].any()
    assert found[15, 8:12].all() and not found[15, [7, 12]].any()
    assert not band(np.zeros((5, 6), bool), 2).any()
