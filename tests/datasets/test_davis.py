from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.datasets.davis import DavisParams, load
from pipeline.datasets.video import check_video, read_frames
from pipeline.runtime.errors import InputError
from tests.datasets.miniature import write_images, write_png, write_tags

PARAMS = DavisParams(layout="davis")


def values() -> np.ndarray:
    mask = np.zeros((48, 64), np.uint8)
    mask[10:20, 30:50] = 1
    mask[20:25, 30:40] = 2
    mask[40:, :5] = 255
    return mask


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_tags(tmp_path, "cow,cow,walking,train", "bear,bear,none,train", "car,car,running,test")
    for name in ("bear", "car", "cow", "untagged"):
        write_images(tmp_path / "JPEGImages/480p" / name, [f"{i:05}.jpg" for i in range(3)])
    write_png(tmp_path / "Annotations/480p/cow/00000.png", values(), palette=False)
    write_png(tmp_path / "Annotations/480p/cow/00002.png", values(), palette=True)
    return tmp_path


def test_tagged_sequences_are_read(root: Path) -> None:
    data = load(root, PARAMS)
    assert [(v.id, v.split) for v in data.videos] == [
        ("bear", "train"),
        ("car", "test"),
        ("cow", "train"),
    ]
    assert data.taxonomy.pairs == (("bear", "none"), ("car", "running"), ("cow", "walking"))
    cow = data.videos[2]
    assert sorted(cow.annotations) == [0, 2]
    assert data.videos[0].annotations == {}
    assert isinstance(cow.source, tuple) and [p.name for p in cow.source] == [
        "00000.jpg",
        "00001.jpg",
        "00002.jpg",
    ]


def test_every_value_of_a_grey_mask_is_the_object(root: Path) -> None:
    data = load(root, PARAMS)
    cow = data.videos[2]
    expected = np.where(values() > 0, 3, 0)
    assert np.array_equal(data.read_annotation(cow.annotations[0], cow), expected)


def test_void_of_a_palette_mask_is_ignored(root: Path) -> None:
    data = load(root, PARAMS)
    cow = data.videos[2]
    expected = np.where(values() > 0, 3, 0)
    expected[values() == 255] = 255
    assert np.array_equal(data.read_annotation(cow.annotations[2], cow), expected)


def test_colour_masks(root: Path) -> None:
    colour = np.zeros((48, 64, 3), np.uint8)
    colour[3:9, 4:30, 1] = 128
    assert cv2.imwrite(str(root / "Annotations/480p/cow/00001.png"), colour)
    data = load(root, PARAMS)
    labels = data.read_annotation(data.videos[2].annotations[1], data.videos[2])
    assert np.array_equal(labels, np.where(colour[..., 1] > 0, 3, 0))


def test_object_segmentation_has_no_actions(root: Path) -> None:
    write_tags(root, "cow,cow,train", "bear,bear,train", header="video,actor,split")
    data = load(root, DavisParams(layout="davis", actions=False))
    assert data.taxonomy.pairs == (("bear", "none"), ("cow", "none"))
    with pytest.raises(InputError, match="one column action"):
        load(root, PARAMS)


def test_validation_share_is_for_tables_without_validation_videos(root: Path) -> None:
    half = DavisParams(layout="davis", validation=0.5)
    assert [v.split for v in load(root, half).videos].count("val") == 1
    write_tags(root, "cow,cow,walking,train", "bear,bear,none,train", "car,car,running,val")
    assert [v.split for v in load(root, half).videos] == ["train", "val", "train"]


def test_resolution_names_the_folders(root: Path) -> None:
    with pytest.raises(InputError, match="JPEGImages/Full is missing"):
        load(root, DavisParams(layout="davis", resolution="Full"))
    with pytest.raises(InputError, match=r"dataset\.resolution"):
        load(root, DavisParams(layout="davis", resolution="../480p"))


def test_masks_need_one_tag(root: Path) -> None:
    write_tags(root, "cow,cow,walking,train", "cow,cow,eating,train", "bear,bear,none,train")
    with pytest.raises(InputError, match="cow-eating, cow-walking and masks"):
        load(root, PARAMS)


def test_several_tags_without_masks(root: Path) -> None:
    write_tags(root, "bear,bear,walking,train", "bear,bear,eating,train")
    data = load(root, PARAMS)
    assert data.videos[0].tags == {("bear", "walking"), ("bear", "eating")}


def test_mask_without_frame(root: Path) -> None:
    write_png(root / "Annotations/480p/cow/00009.png", values())
    with pytest.raises(InputError, match=r"00009\.png has no frame"):
        load(root, PARAMS)


def test_sequence_without_frames(root: Path) -> None:
    write_tags(root, "wolf,wolf,none,train")
    with pytest.raises(InputError, match=r"'wolf' of tags\.csv has no frames"):
        load(root, PARAMS)


@pytest.mark.parametrize("share", [0.0, 0.4, 0.99])
@pytest.mark.parametrize("number", [0, 2])
def test_mask_that_is_cut_off(root: Path, number: int, share: float) -> None:
    data = load(root, PARAMS)
    path = data.videos[2].annotations[number]
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=f"cannot read annotation .*0000{number}.png"):
        data.read_annotation(path, data.videos[2])


def test_empty_train_split(root: Path) -> None:
    write_tags(root, "car,car,running,test")
    with pytest.raises(InputError, match="train split is empty"):
        load(root, PARAMS)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["cow,cow,walking,train"] * 2, "line 3: video 'cow' has the tag cow-walking twice"),
        (["cow,cow,walking,train", "cow,cow,eating,val"], "line 3: video 'cow' is in train and in"),
        (["cow,cow,walking,dev"], "line 2: split 'dev' is not one of train, val, test"),
        (["cow,cow,walking,"], "split '' is not one of"),
        (["cow,,walking,train"], "line 2: a tag needs an actor and an action"),
        (["../cow,cow,walking,train"], "line 2: '../cow' is not allowed"),
        (["cow,cow,walking"], "line 2: 3 cells, the header has 4"),
        ([], "has no rows"),
    ],
)
def test_rows_that_are_not_valid(root: Path, rows: list[str], message: str) -> None:
    write_tags(root, *rows)
    with pytest.raises(InputError, match=message):
        load(root, PARAMS)


@pytest.mark.parametrize("header", ["video,actor,action", "video;actor;action;split", ""])
def test_missing_columns(root: Path, header: str) -> None:
    write_tags(root, "cow,cow,walking,train", header=header)
    with pytest.raises(InputError, match="needs a header with one column"):
        load(root, PARAMS)


def test_byte_order_mark_spaces_and_blank_lines_do_no_harm(root: Path) -> None:
    text = "\ufeffvideo, actor, action, split, note\n\ncow, cow, walking, train, x\n,,,,\n"
    (root / "tags.csv").write_text(text, encoding="utf-8")
    assert load(root, PARAMS).videos[0].tags == {("cow", "walking")}


def test_missing_root(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"JPEGImages/480p/<video>.*-S dataset\.root=<path>"):
        load(tmp_path / "gone", PARAMS)


def test_real_davis_sequences(shared_dir: Path) -> None:
    data = load(shared_dir / "real" / "davis8", DavisParams(layout="davis", validation=0.125))
    assert len(data.videos) == 8
    assert sum(len(v.source) for v in data.videos if isinstance(v.source, tuple)) == 481
    assert sum(len(v.annotations) for v in data.videos) == 481
    assert [v.split for v in data.videos].count("val") == 1
    swan = data.videos[0]
    assert swan.id == "blackswan" and swan.tags == {("bird", "none")}
    check_video(swan)
    labels = data.read_annotation(swan.annotations[0], swan)
    truth = cv2.imread(str(swan.annotations[0]), cv2.IMREAD_GRAYSCALE)
    assert data.taxonomy.label(("bird", "none")) == 2  # after adult-rolling
    assert np.array_equal(labels, np.where(truth == 255, 2, 0))
    assert 0.02 < (labels > 0).mean() < 0.3
    assert next(read_frames(swan, 427)).shape == (240, 426, 3)
