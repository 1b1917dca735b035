from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.datasets.video import Dataset, Video, check_video, read_frames
from pipeline.datasets.youtube_objects import CLASSES, YouTubeObjectsParams, load
from pipeline.runtime.errors import InputError
from tests.datasets.miniature import shot_mask, write_images, write_jpeg_mask, write_shot

ALL_TRAIN = YouTubeObjectsParams(validation=0)
MASKED = "dog/0001/002"


def mask(height: int = 24, width: int = 32) -> np.ndarray:
    """Edges off the 8 x 8 blocks of JPEG, so that they ring."""
    found = np.zeros((height, width), bool)
    found[5:15, 3:21] = True
    found[5:9, 3:8] = False
    return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_shot(tmp_path, "dog/0001/001", range(1, 4))
    write_shot(tmp_path, MASKED, range(5, 28))  # numbers go on, and pass from 9 to 10
    write_shot(tmp_path, "dog/0002/001", range(1, 3))
    write_shot(tmp_path, "aeroplane/0001/001", range(1, 3))
    for number in (6, 16, 26):
        write_jpeg_mask(shot_mask(tmp_path, MASKED, number), mask())
    # what the release of the masks has beside them, and what lies around
    write_images(shot_mask(tmp_path, MASKED, 1).parents[1] / "images", ["frame0006.jpg"])
    (tmp_path / "v1" / "dog" / "readme.txt").touch()
    (tmp_path / "v1" / "annotations").mkdir()
    return tmp_path


def by_id(data: Dataset) -> dict[str, Video]:
    return {video.id: video for video in data.videos}


def test_each_shot_is_a_video(root: Path) -> None:
    data = load(root, ALL_TRAIN)
    found = by_id(data)
    assert list(found) == ["aeroplane_0001_001", "dog_0001_001", "dog_0001_002", "dog_0002_001"]
    assert data.taxonomy.pairs == (("aeroplane", "none"), ("dog", "none"))
    assert found["dog_0001_002"].tags == {("dog", "none")}
    assert [v.shot_of for v in data.videos] == [
        "aeroplane_0001", "dog_0001", "dog_0001", "dog_0002"
    ]  # fmt: skip
    assert [len(list(read_frames(v, None))) for v in data.videos] == [2, 3, 23, 2]
    check_video(found["dog_0001_002"])


def test_a_mask_belongs_to_the_frame_of_its_number(root: Path) -> None:
    shot = by_id(load(root, ALL_TRAIN))["dog_0001_002"]
    assert isinstance(shot.source, tuple)
    assert [path.name for path in shot.source] == [f"frame{n:04}.jpg" for n in range(5, 28)]
    assert shot.annotations == {n - 5: shot_mask(root, MASKED, n) for n in (6, 16, 26)}


def test_masks_are_thresholded(root: Path) -> None:
    data = load(root, ALL_TRAIN)
    shot = by_id(data)["dog_0001_002"]
    stored = cv2.imread(str(shot.annotations[1]), cv2.IMREAD_GRAYSCALE)
    assert len(np.unique(stored)) > 20  # it rings
    labels = data.read_annotation(shot.annotations[1], shot)
    assert labels.dtype == np.uint8
    assert np.array_equal(labels, np.where(mask(), 2, 0))  # dog is the second class


def test_values_just_around_the_threshold(root: Path) -> None:
    for value, label in ((127, 0), (128, 2)):
        path = shot_mask(root, MASKED, 6)
        assert cv2.imwrite(str(path), np.full((16, 16), value, np.uint8))
        data = load(root, ALL_TRAIN)
        assert (data.read_annotation(path, by_id(data)["dog_0001_002"]) == label).all()


def test_shots_with_masks_are_for_testing(root: Path) -> None:
    found = {v.id: v.split for v in load(root, ALL_TRAIN).videos}
    assert found.pop("dog_0001_002") == "test"
    assert set(found.values()) == {"train"}


def many(root: Path) -> Path:
    for kind in ("cat", "cow"):
        for video in range(10):
            for shot in (1, 2):
                write_shot(root, f"{kind}/{video:04}/{shot:03}", range(1, 2), height=8, width=8)
    return root


def test_hashed_split_is_by_video(tmp_path: Path) -> None:
    many(tmp_path)
    params = YouTubeObjectsParams(split="hashed", test=0.3, validation=0, split_seed=4)
    found = load(tmp_path, params).videos
    for video in found:
        digest = hashlib.sha256(f"4/{video.shot_of}".encode()).hexdigest()
        expected = "test" if int(digest[:16], 16) / 16**16 < 0.3 else "train"
        assert video.split == expected, video.id
    assert 2 <= sum(v.split == "test" for v in found) / 2 <= 10
    other = load(tmp_path, params.model_copy(update={"split_seed": 5})).videos
    assert [v.split for v in found] != [v.split for v in other]
    write_shot(tmp_path, "boat/0001/001", range(1, 2))  # more videos change nothing
    assert {v.id: v.split for v in found}.items() <= {
        v.id: v.split for v in load(tmp_path, params).videos
    }.items()


def test_validation_takes_whole_videos_of_each_class(tmp_path: Path) -> None:
    found = load(many(tmp_path), YouTubeObjectsParams(validation=0.2)).videos
    chosen = {v.shot_of for v in found if v.split == "val"}
    assert sorted(str(name)[:3] for name in chosen) == ["cat", "cat", "cow", "cow"]
    assert sum(v.split == "val" for v in found) == 8  # two shots each
    assert {v.split for v in found if v.shot_of not in chosen} == {"train"}


def test_a_test_shot_stays_one_when_its_video_validates(root: Path) -> None:
    validated = 0
    for seed in range(8):
        params = YouTubeObjectsParams(validation=0.67, split_seed=seed)  # a dog and the aeroplane
        splits = {v.id: v.split for v in load(root, params).videos}
        assert splits["dog_0001_002"] == "test"
        assert {splits["dog_0001_001"], splits["dog_0002_001"]} == {"train", "val"}
        validated += splits["dog_0001_001"] == "val"
    assert 0 < validated < 8


def test_the_ten_classes() -> None:
    assert len(CLASSES) == 10 and list(CLASSES) == sorted(CLASSES)
    assert CLASSES[0] == "aeroplane" and CLASSES[-1] == "train"


def test_readers_travel_to_other_processes(root: Path) -> None:
    data = load(root, ALL_TRAIN)
    shot = by_id(data)["dog_0001_002"]
    read = pickle.loads(pickle.dumps(data.read_annotation))
    assert read(shot.annotations[1], shot).max() == 2


def test_unknown_class(root: Path) -> None:
    write_shot(root, "zebra/0001/001", range(1, 2))
    with pytest.raises(InputError, match="unknown class 'zebra'; known: aeroplane, bird"):
        load(root, ALL_TRAIN)


def test_shot_without_frames(root: Path) -> None:
    (root / "v1/cat/data/0001/shots/001").mkdir(parents=True)
    with pytest.raises(InputError, match=r"shot .*001 has no frames: expected .*frame0001\.jpg"):
        load(root, ALL_TRAIN)


@pytest.mark.parametrize("name", ["frame.jpg", "frame01.jpg"])
def test_frames_need_numbers_of_their_own(root: Path, name: str) -> None:
    write_images(root / "v1/dog/data/0001/shots/001", [name])
    with pytest.raises(InputError, match="expected names that end in a number, each number once"):
        load(root, ALL_TRAIN)


def test_mask_without_frame(root: Path) -> None:
    write_jpeg_mask(shot_mask(root, MASKED, 36), mask())
    with pytest.raises(InputError, match=r"00036\.jpg has no frame .*/frame0036\.jpg"):
        load(root, ALL_TRAIN)


def test_masks_without_shot(root: Path) -> None:
    write_jpeg_mask(shot_mask(root, "cow/0007/001", 1), mask())
    with pytest.raises(InputError, match=r"masks .*cow/data/0007/shots/001 belong to no shot"):
        load(root, ALL_TRAIN)


def test_mask_that_is_no_jpeg(root: Path) -> None:
    assert cv2.imwrite(str(shot_mask(root, MASKED, 7).with_suffix(".png")), np.eye(4))
    with pytest.raises(InputError, match=r"00007\.png: expected JPEG"):
        load(root, ALL_TRAIN)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_mask_that_is_cut_off(root: Path, share: float) -> None:
    data = load(root, ALL_TRAIN)
    shot = by_id(data)["dog_0001_002"]
    content = shot.annotations[1].read_bytes()
    shot.annotations[1].write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=r"cannot read annotation .*00006\.jpg"):
        data.read_annotation(shot.annotations[1], shot)


def test_empty_train_split(tmp_path: Path) -> None:
    write_shot(tmp_path, MASKED, range(1, 3))
    write_jpeg_mask(shot_mask(tmp_path, MASKED, 1), mask())
    with pytest.raises(InputError, match="train split is empty"):
        load(tmp_path, ALL_TRAIN)


def test_missing_folders(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone is missing; expected .* v1/<class>/data"):
        load(tmp_path / "gone", ALL_TRAIN)
    (tmp_path / "v1" / "dog" / "data").mkdir(parents=True)
    with pytest.raises(InputError, match="v1 has no shots: expected <class>/data/<video>/shots/"):
        load(tmp_path, ALL_TRAIN)
