from __future__ import annotations

import logging
import pickle
from pathlib import Path

import numpy as np
import pytest

from pipeline.datasets import davis, folder, voc
from pipeline.datasets.joint import add_images
from pipeline.datasets.video import Dataset, check_video
from pipeline.runtime.errors import InputError
from tests.datasets.miniature import write_clip, write_images, write_png, write_tags, write_voc

IMAGES = {
    "train": {
        "only_dog": ["dog"],
        "dog_on_sofa": ["dog", "sofa"],
        "sofa_alone": ["sofa"],
        "two": ["dog", "horse", "person"],
    },
    "val": {"horse_test": ["horse"], "bus_test": ["bus"]},
}


def values() -> np.ndarray:
    """Indices of VOC: 12 dog, 13 horse, 18 sofa, 255 void."""
    mask = np.zeros((48, 64), np.uint8)
    mask[:4], mask[10:20], mask[30:40], mask[44:] = 12, 13, 18, 255
    return mask


@pytest.fixture
def videos(tmp_path: Path) -> Dataset:
    root = write_tags(tmp_path / "davis", "rex,dog,train", "max,horse,train", "kit,dog,test",
                      header="video,actor,split")  # fmt: skip
    for name in ("rex", "max", "kit"):
        write_images(root / "JPEGImages/480p" / name, ["00000.jpg", "00001.jpg"])
    write_png(root / "Annotations/480p/max/00001.png", (values() == 13).astype(np.uint8))
    return davis.load(root, davis.DavisParams(actions=False))


@pytest.fixture
def images(tmp_path: Path) -> Dataset:
    root = write_voc(tmp_path / "voc", IMAGES)
    write_png(root / "SegmentationClass/two.png", values())
    return voc.load(root, voc.VocParams(validation=0))


def test_images_with_a_class_of_the_videos_are_added(videos: Dataset, images: Dataset) -> None:
    joint = add_images(videos, images)
    assert joint.taxonomy == videos.taxonomy
    found = {v.id: (v.split, sorted(actor for actor, _ in v.tags)) for v in joint.videos}
    assert found == {
        "rex": ("train", ["dog"]),
        "max": ("train", ["horse"]),
        "kit": ("test", ["dog"]),
        "only_dog": ("train", ["dog"]),
        "dog_on_sofa": ("train", ["dog"]),
        "two": ("train", ["dog", "horse"]),
        "horse_test": ("test", ["horse"]),
    }
    for video in joint.videos:
        check_video(video)


def test_one_line_says_how_many_were_dropped(
    videos: Dataset, images: Dataset, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        add_images(videos, images)
    (record,) = caplog.records
    assert record.getMessage().startswith(
        "still images: 4 of 6 added, 2 without a class of the videos dropped; 2 of the added ones"
    )


def test_each_annotation_is_read_in_the_classes_of_the_videos(
    videos: Dataset, images: Dataset
) -> None:
    joint = add_images(videos, images)
    found = {v.id: v for v in joint.videos}
    read = pickle.loads(pickle.dumps(joint.read_annotation))
    expected = np.zeros((48, 64), np.uint8)  # dog 1, horse 2; the sofa is background
    expected[:4], expected[10:20], expected[44:] = 1, 2, 255
    assert np.array_equal(read(found["two"].annotations[0], found["two"]), expected)
    of_video = read(found["max"].annotations[1], found["max"])
    assert np.array_equal(of_video, np.where(values() == 13, 2, 0))


def test_labels_differ_between_the_taxonomies(videos: Dataset, images: Dataset) -> None:
    """Else the test above would pass without a translation."""
    image = next(v for v in images.videos if v.id == "two")
    assert set(np.unique(images.read_annotation(image.annotations[0], image))) == {0, 2, 3, 5, 255}


def test_no_image_with_a_class_of_the_videos(tmp_path: Path, videos: Dataset) -> None:
    root = write_voc(tmp_path / "other", {"train": {"a": ["bus"], "b": ["sofa"]}})
    images = voc.load(root, voc.VocParams(test=None, validation=0))
    with pytest.raises(InputError, match=r"of 2 images none has a tag .* dog-none, horse-none"):
        add_images(videos, images)


def test_an_image_with_the_id_of_a_video(tmp_path: Path, videos: Dataset) -> None:
    root = write_voc(tmp_path / "other", {"train": {"rex": ["dog"], "b": ["dog"]}})
    images = voc.load(root, voc.VocParams(test=None, validation=0))
    with pytest.raises(InputError, match="1 images have the id of a video, the first is 'rex'"):
        add_images(videos, images)


@pytest.mark.parametrize("kind", ["file", "frames"])
def test_videos_are_no_images(tmp_path: Path, videos: Dataset, kind: str) -> None:
    root = write_tags(tmp_path / "own", "one,dog,none,train", "clip,dog,none,train")
    write_images(root / "one", ["a.jpg"])
    if kind == "file":
        write_clip(root / "clip.mp4", 2)
    else:
        write_images(root / "clip", ["a.jpg", "b.jpg"])
    images = folder.load(root, folder.FolderParams(validation=0))
    with pytest.raises(InputError, match="still images only, but 'clip' is a video"):
        add_images(videos, images)
