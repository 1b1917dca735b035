from __future__ import annotations

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.datasets.video import Dataset, Video, check_video, read_frames
from pipeline.datasets.voc import CLASSES, VocParams, load
from pipeline.runtime.errors import InputError
from tests.datasets.miniature import write_png, write_voc

PARAMS = VocParams(validation=0)
TRAIN = {
    "2007_000032": ["aeroplane", "person", "aeroplane"],
    "2007_000039": ["tvmonitor"],
    "2008_000008": ["horse", "person"],
}
VAL = {"2007_000033": ["aeroplane"], "2007_000042": ["train"]}


def values() -> np.ndarray:
    mask = np.zeros((48, 64), np.uint8)
    mask[10:20, 30:50] = 1  # aeroplane
    mask[20:25, 30:40] = 15  # person
    mask[40:, :5] = 255
    return mask


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_voc(tmp_path, {"train": TRAIN, "val": VAL})
    write_png(tmp_path / "SegmentationClass/2007_000032.png", values())
    write_png(tmp_path / "SegmentationClassAug/2008_000008.png", values(), palette=False)
    return tmp_path


def by_id(data: Dataset) -> dict[str, Video]:
    return {video.id: video for video in data.videos}


def test_an_image_is_a_video_of_one_frame(root: Path) -> None:
    data = load(root, PARAMS)
    assert [(v.id, v.split) for v in data.videos] == [
        ("2007_000032", "train"),
        ("2007_000033", "test"),
        ("2007_000039", "train"),
        ("2007_000042", "test"),
        ("2008_000008", "train"),
    ]
    for image in data.videos:
        assert image.source == (root / "JPEGImages" / f"{image.id}.jpg",)
        check_video(image)
        assert [frame.shape for frame in read_frames(image, None)] == [(48, 64, 3)]
        assert image.shot_of is None


def test_tags_are_the_objects_without_their_parts(root: Path) -> None:
    found = by_id(load(root, PARAMS))
    assert found["2007_000032"].tags == {("aeroplane", "none"), ("person", "none")}
    assert found["2007_000039"].tags == {("tvmonitor", "none")}
    names = load(root, PARAMS).taxonomy.names("actor")
    assert names == ("background", "aeroplane", "horse", "person", "train", "tvmonitor")


@pytest.mark.parametrize("below", ["VOC2012", "VOCdevkit/VOC2012"])
def test_the_folder_may_lie_deeper(tmp_path: Path, below: str) -> None:
    write_voc(tmp_path / below, {"train": TRAIN, "val": VAL})
    assert len(load(tmp_path, PARAMS).videos) == 5


def test_masks_hold_indices_of_classes(root: Path) -> None:
    data = load(root, PARAMS)
    found = by_id(data)
    assert {v.id for v in data.videos if v.annotations} == {"2007_000032", "2008_000008"}
    expected = np.zeros((48, 64), np.uint8)
    expected[10:20, 30:50] = 1  # labels of the classes that occur
    expected[20:25, 30:40] = 3
    expected[40:, :5] = 255
    for name in ("2007_000032", "2008_000008"):  # a palette and a grey image
        labels = data.read_annotation(found[name].annotations[0], found[name])
        assert labels.dtype == np.uint8 and np.array_equal(labels, expected), name


def test_the_published_mask_goes_before_the_augmented_one(root: Path) -> None:
    write_png(root / "SegmentationClassAug/2007_000032.png", values(), palette=False)
    image = by_id(load(root, PARAMS))["2007_000032"]
    assert image.annotations == {0: root / "SegmentationClass/2007_000032.png"}


def test_augmented_list_with_paths(root: Path) -> None:
    lines = [f"/JPEGImages/{n}.jpg /SegmentationClassAug/{n}.png" for n in sorted(TRAIN)[1:]]
    (root / "ImageSets/Segmentation/train_aug.txt").write_text("\n".join([*lines, "", ""]))
    data = load(root, VocParams(train="train_aug", validation=0))
    assert [v.id for v in data.videos if v.split == "train"] == ["2007_000039", "2008_000008"]


def test_no_test_images(root: Path) -> None:
    (root / "ImageSets/Segmentation/val.txt").unlink()
    data = load(root, VocParams(test=None, validation=0))
    assert {v.split for v in data.videos} == {"train"} and len(data.videos) == 3


def test_validation_share(root: Path) -> None:
    data = load(root, VocParams(validation=0.34))
    assert sorted(v.split for v in data.videos) == ["test", "test", "train", "train", "val"]


def test_own_classes(tmp_path: Path) -> None:
    write_voc(tmp_path, {"train": {"a": ["wolf"], "b": ["ant", "wolf"]}})
    write_png(tmp_path / "SegmentationClass/b.png", (values() > 0).astype(np.uint8) * 2)
    params = VocParams(test=None, validation=0, classes=("wolf", "ant"))
    data = load(tmp_path, params)
    assert data.taxonomy.pairs == (("ant", "none"), ("wolf", "none"))
    image = data.videos[1]
    labels = data.read_annotation(image.annotations[0], image)
    assert np.array_equal(labels, np.where(values() > 0, 1, 0))  # index 2 is the ant


def test_the_twenty_classes() -> None:
    assert len(CLASSES) == 20 and list(CLASSES) == sorted(CLASSES)
    assert CLASSES[14] == "person"  # 15 in the masks


def test_readers_travel_to_other_processes(root: Path) -> None:
    data = load(root, PARAMS)
    image = data.videos[0]
    read = pickle.loads(pickle.dumps(data.read_annotation))
    assert np.array_equal(
        read(image.annotations[0], image), data.read_annotation(image.annotations[0], image)
    )


def one_line(root: Path, message: str, params: VocParams = PARAMS) -> None:
    with pytest.raises(InputError, match=message) as error:
        load(root, params)
    assert "\n" not in str(error.value)


def test_list_that_names_missing_images(root: Path) -> None:
    with (root / "ImageSets/Segmentation/train.txt").open("a") as file:
        file.write("2011_000001\n2011_000002\n")
    one_line(root, r"train\.txt names 2 of 5 images that are missing, .*/2011_000001\.jpg")


def test_list_that_names_an_image_twice(root: Path) -> None:
    with (root / "ImageSets/Segmentation/val.txt").open("a") as file:
        file.write("2007_000042\n")
    one_line(root, r"val\.txt names 1 images twice, the first is '2007_000042'")


def test_image_in_both_lists(root: Path) -> None:
    with (root / "ImageSets/Segmentation/val.txt").open("a") as file:
        file.write("2007_000039\n")
    one_line(root, "1 images are in both lists, train and val, the first is '2007_000039'")


@pytest.mark.parametrize("name", ["../2007_000032", "train"])
def test_list_that_is_not_there(root: Path, name: str) -> None:
    (root / "ImageSets/Segmentation/train.txt").unlink()
    message = "is not allowed as a video id" if "/" in name else r"train\.txt is missing"
    one_line(root, message, VocParams(train=name))


def test_empty_list(root: Path) -> None:
    (root / "ImageSets/Segmentation/train.txt").write_text("\n")
    one_line(root, "train split is empty")


@pytest.mark.parametrize("text", ["", "<annotation><object><name>cat", "no xml at all"])
def test_xml_that_cannot_be_read(root: Path, text: str) -> None:
    (root / "Annotations/2007_000039.xml").write_text(text)
    one_line(root, r"cannot read .*2007_000039\.xml: not XML")


def test_xml_that_is_missing(root: Path) -> None:
    (root / "Annotations/2007_000039.xml").unlink()
    one_line(root, r"cannot read .*2007_000039\.xml: No such file")


@pytest.mark.parametrize("name", ["zebra", ""])
def test_unknown_class(root: Path, name: str) -> None:
    write_voc(root, {"train": {**TRAIN, "2007_000039": [name]}})
    one_line(root, rf"2007_000039\.xml: unknown class '{name}'; dataset\.classes: aeroplane, bic")


def test_missing_root(tmp_path: Path) -> None:
    one_line(tmp_path / "gone", r"gone is missing; expected .*dataset\.images\.root")


def read_mask(root: Path) -> np.ndarray:
    data = load(root, PARAMS)
    return data.read_annotation(data.videos[0].annotations[0], data.videos[0])


def test_mask_of_another_size(root: Path) -> None:
    write_png(root / "SegmentationClass/2007_000032.png", values()[:24])
    with pytest.raises(InputError, match=r"2007_000032\.png is 64x24, its image 64x48"):
        read_mask(root)


@pytest.mark.parametrize(
    ("value", "message"),
    [(21, r"has the class 21, expected 0\.\.20 or 255"), (3, "has the class 'bird', which no im")],
)
def test_mask_with_an_unknown_class(root: Path, value: int, message: str) -> None:
    write_png(root / "SegmentationClass/2007_000032.png", np.full((48, 64), value, np.uint8))
    with pytest.raises(InputError, match=message):
        read_mask(root)


def test_mask_in_colours(root: Path) -> None:
    path = root / "SegmentationClass/2007_000032.png"
    assert cv2.imwrite(str(path), np.full((48, 64, 3), (0, 0, 128), np.uint8))
    with pytest.raises(InputError, match="is a colour image; expected a palette or grey PNG"):
        read_mask(root)
