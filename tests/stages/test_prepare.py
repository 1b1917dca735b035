"""From published layouts to prepared frames and ground truth, by the stages themselves."""

from __future__ import annotations

import copy
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from conf.compose import composed
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.runtime.errors import InputError
from stages import prepare_frames, prepare_ground_truth
from tests.datasets.miniature import (
    shot_mask,
    write_jpeg_mask,
    write_png,
    write_shot,
    write_voc,
)

SHOTS = {"layout": "youtube_objects", "root": "videos", "validation": 0}
STILLS = {"layout": "voc", "root": "images", "test": None, "validation": 0}


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return composed(["machine.jobs=1"])


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    videos, images = tmp_path / "videos", tmp_path / "images"
    write_shot(videos, "dog/0001/001", range(1, 13))
    write_shot(videos, "dog/0001/002", range(1, 4))
    write_shot(videos, "cat/0001/001", range(1, 13), height=36, width=48)
    mask = np.zeros((24, 32), bool)  # half the size of its frames
    mask[8:16, 8:24] = True
    for number in (1, 11):
        write_jpeg_mask(shot_mask(videos, "dog/0001/001", number), mask)
    write_voc(images, {"train": {"a": ["dog", "sofa"], "b": ["sofa"], "c": ["cat"]}}, height=30)
    write_png(images / "SegmentationClass/a.png", still_mask())
    return tmp_path


def still_mask() -> np.ndarray:
    mask = np.zeros((30, 64), np.uint8)
    mask[5:15, 20:40] = 12  # dog
    mask[20:25, :10] = 18  # sofa
    mask[29] = 255
    return mask


def prepare(whole: dict[str, Any], images: object = None, **own: Any) -> tuple[Frames, LabelMaps]:
    values = copy.deepcopy(whole)
    values["dataset"] = {**SHOTS, "name": "test", "images": images}
    values["prepare_frames"] |= {"key_frames": 2, "codec": "png", **own}
    Path("params.yaml").write_text(yaml.safe_dump(values))
    second = Path("images") if images else None
    prepare_frames.run(Path("videos"), second, Path("frames"))
    frames = Frames(Path("frames"))
    prepare_ground_truth.run(Path("videos"), second, frames, Path("truth"))
    return frames, LabelMaps(Path("truth"))


def test_shots_are_prepared_with_masks_at_the_size_of_their_frames(
    root: Path, whole: dict[str, Any]
) -> None:
    frames, truth = prepare(whole)
    assert frames.videos == ["cat_0001_001", "dog_0001_001", "dog_0001_002"]
    assert frames.of_split("test") == ["dog_0001_001"]
    assert [frames.whole_video(v) for v in frames.videos] == ["cat_0001", "dog_0001", "dog_0001"]
    assert frames.key_frames("dog_0001_001") == [0, 3, 9, 10]  # 2 of 12, and those with masks
    assert truth.videos == ["dog_0001_001"] and truth.frames("dog_0001_001") == [0, 10]
    expected = np.zeros((48, 64), np.uint8)
    expected[16:32, 16:48] = 2
    assert np.array_equal(truth.labels("dog_0001_001", 10), expected)


def test_still_images_are_videos_of_one_frame(
    root: Path, whole: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        frames, truth = prepare(whole, STILLS)
    assert caplog.messages[0].startswith("still images: 2 of 3 added, 1 without a class")
    assert frames.videos == ["a", "c", "cat_0001_001", "dog_0001_001", "dog_0001_002"]
    assert frames.taxonomy.pairs == (("cat", "none"), ("dog", "none"))
    for name in ("a", "c"):
        assert frames.frames(name) == frames.key_frames(name) == [0]
        assert frames.image(name, 0).shape == (30, 64, 3)
        assert frames.whole_video(name) == name
    assert dict(zip(frames.index["video"], frames.index["rows"], strict=True)) == {
        "a": 1, "c": 1, "cat_0001_001": 12, "dog_0001_001": 12, "dog_0001_002": 3
    }  # fmt: skip
    assert frames.of_split("train") == ["a", "c", "cat_0001_001", "dog_0001_002"]
    assert truth.videos == ["a", "dog_0001_001"]
    assert np.array_equal(
        truth.labels("a", 0), np.where(still_mask() == 12, 2, np.where(still_mask() == 255, 255, 0))
    )


def test_large_images_are_reduced_like_the_frames(root: Path, whole: dict[str, Any]) -> None:
    frames, truth = prepare(whole, STILLS, max_side=32)
    assert frames.image("a", 0).shape == (16, 32, 3)  # 15 rows, to the nearest even number
    assert frames.image("dog_0001_001", 0).shape == (24, 32, 3)
    assert truth.labels("a", 0).shape == (16, 32)


def test_a_still_image_that_cannot_be_read_is_found_before_work(
    root: Path, whole: dict[str, Any]
) -> None:
    path = root / "images/JPEGImages/c.jpg"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match=r"video 'c': cannot read frame .*c\.jpg"):
        prepare(whole, STILLS)
    assert not (root / "frames").exists()


def test_a_validation_image_of_a_class_that_nothing_trains(
    root: Path, whole: dict[str, Any]
) -> None:
    write_shot(root / "videos", "horse/0001/001", range(1, 2))
    write_jpeg_mask(shot_mask(root / "videos", "horse/0001/001", 1), np.eye(8, dtype=bool))
    write_voc(root / "images", {"train": {"h": ["horse"], "c": ["cat"]}})
    with pytest.raises(InputError, match="validation video 'h' shows the actor 'horse'"):
        for seed in range(8):  # until the horse is the one of the two that validates
            prepare(whole, {**STILLS, "validation": 0.5, "split_seed": seed})
