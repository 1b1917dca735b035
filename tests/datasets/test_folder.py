from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.datasets.folder import FolderParams, load
from pipeline.datasets.video import read_frames
from pipeline.runtime.errors import InputError
from tests.datasets.miniature import write_clip, write_images, write_tags

PARAMS = FolderParams(layout="folder", validation=0)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_tags(
        tmp_path,
        *["park,dog,running", "park,adult,walking", "sofa,cat,none", "pool,adult,swimming"],
        header="video,actor,action",
    )
    write_clip(tmp_path / "park.mp4", 5)
    write_clip(tmp_path / "sofa.AVI", 6, codec="MJPG")
    write_images(tmp_path / "pool", ["frame2.png", "frame10.png", "frame1.png", ".x.png"])
    (tmp_path / "pool" / "notes.txt").touch()
    return tmp_path


def test_files_and_frame_folders(root: Path) -> None:
    data = load(root, PARAMS)
    park, pool, sofa = data.videos
    assert park.source == root / "park.mp4" and sofa.source == root / "sofa.AVI"
    assert park.tags == {("dog", "running"), ("adult", "walking")}
    assert isinstance(pool.source, tuple)
    assert [path.name for path in pool.source] == ["frame1.png", "frame2.png", "frame10.png"]
    assert [len(list(read_frames(v, None))) for v in data.videos] == [5, 3, 6]
    assert {v.split for v in data.videos} == {"train"}
    assert not any(v.annotations for v in data.videos)
    assert data.taxonomy.names("actor") == ("background", "adult", "cat", "dog")


def test_there_are_no_masks(root: Path) -> None:
    data = load(root, PARAMS)
    with pytest.raises(InputError, match="have no masks"):
        data.read_annotation(root / "x.png", data.videos[0])


def test_splits_of_the_table(root: Path) -> None:
    write_tags(root, "park,dog,running,train", "sofa,cat,none,test", "pool,adult,none,train")
    assert [v.split for v in load(root, PARAMS).videos] == ["train", "train", "test"]
    half = FolderParams(layout="folder", validation=0.5)
    assert sorted(v.split for v in load(root, half).videos) == ["test", "train", "val"]
    write_tags(root, "park,dog,running,train", "sofa,cat,none,val", "pool,adult,none,train")
    assert [v.split for v in load(root, half).videos] == ["train", "train", "val"]


def test_validation_that_leaves_nothing_to_train_on(root: Path) -> None:
    write_tags(root, "park,dog,running", header="video,actor,action")
    with pytest.raises(InputError, match=r"train split is empty.*dataset\.validation"):
        load(root, FolderParams(layout="folder", validation=0.9))


def test_objects_alone_need_no_actions(root: Path) -> None:
    objects = FolderParams(layout="folder", validation=0, actions=False)
    for rows, header in (
        (["park,dog", "park,adult", "sofa,cat", "pool,adult"], "video,actor"),
        (
            ["park,dog,running", "park,adult,", "sofa,cat,none", "pool,adult,?"],
            "video,actor,action",
        ),
    ):
        write_tags(root, *rows, header=header)
        data = load(root, objects)
        park, pool, sofa = (video.tags for video in data.videos)
        assert park == {("dog", "none"), ("adult", "none")}
        assert pool == {("adult", "none")} and sofa == {("cat", "none")}
        assert data.taxonomy.actions == ("none",)
    write_tags(root, "park,dog", header="video,actor")
    with pytest.raises(InputError, match="action"):
        load(root, PARAMS)


def test_missing_video_says_what_is_expected(root: Path) -> None:
    (root / "park.mp4").unlink()
    with pytest.raises(
        InputError, match=r"'park' of tags\.csv is missing: expected .*park<\.mp4\|"
    ):
        load(root, PARAMS)


def test_video_in_two_forms(root: Path) -> None:
    write_images(root / "park", ["0.png"])
    with pytest.raises(InputError, match=r"'park' exists as park and park\.mp4"):
        load(root, PARAMS)


def test_folder_without_images(root: Path) -> None:
    for path in (root / "pool").iterdir():
        path.unlink()
    with pytest.raises(InputError, match="'pool' has no frames"):
        load(root, PARAMS)


def test_id_with_a_path_in_it(root: Path) -> None:
    write_tags(root, "../park,dog,running", header="video,actor,action")
    with pytest.raises(InputError, match="not allowed as a video id"):
        load(root, PARAMS)


def test_missing_table(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"tags\.csv is missing.*-S dataset\.root=<path>"):
        load(tmp_path, PARAMS)
