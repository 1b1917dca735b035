from __future__ import annotations

import pickle
from collections import Counter
from pathlib import Path

import h5py
import numpy as np
import pytest

from pipeline.datasets.a2d import A2DParams, load
from pipeline.datasets.taxonomy import A2D
from pipeline.datasets.video import Dataset, Video, read_frames
from pipeline.runtime.errors import InputError
from tests.datasets.miniature import write_a2d, write_mat

ROWS = [("vB", 77, 0), ("0123E45", 13, 0), ("vC", 0, 0), ("vT", 34, 1)]
EVERYTHING = A2DParams(layout="a2d", validation=0)


def mat_path(release: Path, name: str, number: int) -> Path:
    return release / "Annotations" / "mat" / name / f"{number:05}.mat"


def label_ids() -> np.ndarray:
    ids = np.zeros((5, 8))
    ids[1:3, 2:7] = 77
    ids[4, 0] = 13
    return ids


@pytest.fixture
def release(tmp_path: Path) -> Path:
    release = write_a2d(tmp_path, ROWS)
    write_mat(mat_path(release, "vB", 1), label_ids(), [77, 13])
    write_mat(mat_path(release, "vB", 4), np.zeros((5, 8)), [])
    write_mat(mat_path(release, "0123E45", 2), label_ids(), [13, 13])
    return release


def by_id(data: Dataset) -> dict[str, Video]:
    return {video.id: video for video in data.videos}


@pytest.mark.parametrize("below", ["", "Release"])
def test_release_is_read(release: Path, tmp_path: Path, below: str) -> None:
    data = load(tmp_path / below, EVERYTHING)
    assert [v.id for v in data.videos] == ["0123E45", "vB", "vC", "vT"]
    assert [v.split for v in data.videos] == ["train", "train", "train", "test"]
    videos = by_id(data)
    assert videos["vB"].tags == {("dog", "running"), ("adult", "eating")}
    assert videos["0123E45"].tags == {("adult", "eating")}
    assert videos["vC"].tags == frozenset()
    assert videos["vT"].tags == {("ball", "flying")}
    assert data.taxonomy.pairs == (("adult", "eating"), ("ball", "flying"), ("dog", "running"))
    assert data.taxonomy.colours[3] == A2D.colours[A2D.label(("dog", "running"))]
    assert videos["vB"].source == release / "clips320H" / "vB.mp4"
    assert len(list(read_frames(videos["vB"], None))) == 4


def test_frame_numbers_start_at_zero(release: Path, tmp_path: Path) -> None:
    videos = by_id(load(tmp_path, EVERYTHING))
    assert videos["vB"].annotations == {
        0: mat_path(release, "vB", 1),
        3: mat_path(release, "vB", 4),
    }
    assert videos["vT"].annotations == {}


def test_annotation_is_a_label_map_of_rows_and_columns(release: Path, tmp_path: Path) -> None:
    data = load(tmp_path, EVERYTHING)
    video = by_id(data)["vB"]
    labels = data.read_annotation(video.annotations[0], video)
    expected = np.zeros((5, 8), np.uint8)
    expected[1:3, 2:7] = 3  # dog-running
    expected[4, 0] = 1  # adult-eating
    assert labels.dtype == np.uint8 and labels.flags.c_contiguous
    assert np.array_equal(labels, expected)


def test_annotation_without_objects_is_background(release: Path, tmp_path: Path) -> None:
    data = load(tmp_path, EVERYTHING)
    video = by_id(data)["vB"]
    labels = data.read_annotation(video.annotations[3], video)
    assert labels.shape == (5, 8) and not labels.any()


@pytest.mark.parametrize("shape", [(1, 0), (0, 0)])
def test_other_ways_to_store_no_objects(
    release: Path, tmp_path: Path, shape: tuple[int, int]
) -> None:
    with h5py.File(mat_path(release, "vB", 4), "r+") as mat:
        del mat["id"]
        mat["id"] = np.zeros(shape)
    assert len(load(tmp_path, EVERYTHING).videos) == 4


def test_reader_can_be_sent_to_another_process(release: Path, tmp_path: Path) -> None:
    data = pickle.loads(pickle.dumps(load(tmp_path, EVERYTHING)))
    video = by_id(data)["vB"]
    assert data.read_annotation(video.annotations[0], video).max() == 3


def test_masks_are_not_read_when_loading(release: Path, tmp_path: Path) -> None:
    write_mat(mat_path(release, "vB", 2), None, [77])
    data = load(tmp_path, EVERYTHING)
    video = by_id(data)["vB"]
    with pytest.raises(InputError, match=r"00002\.mat has no numeric field 'reS_id'"):
        data.read_annotation(video.annotations[1], video)


def test_default_validation_share_is_that_of_the_paper(tmp_path: Path) -> None:
    assert round(A2DParams(layout="a2d").validation * 3036) == 288
    # 21 train videos: round(1.99) = 2 of them.
    write_a2d(tmp_path, [(f"v{i}", 77 if i < 11 else 13, 0) for i in range(21)])
    splits = Counter(v.split for v in load(tmp_path, A2DParams(layout="a2d")).videos)
    assert splits == {"train": 19, "val": 2}


@pytest.mark.parametrize("wrong", [14, 80, 77.5, float("nan"), float("inf"), -11])
def test_unknown_label_id_in_a_mask(release: Path, tmp_path: Path, wrong: float) -> None:
    ids = label_ids()
    ids[0, 3] = wrong
    path = write_mat(mat_path(release, "vB", 1), ids, [77])
    data = load(tmp_path, EVERYTHING)
    with pytest.raises(InputError) as error:
        data.read_annotation(path, by_id(data)["vB"])
    assert str(path) in str(error.value) and f"label id {wrong}" in str(error.value)


def test_label_in_a_mask_that_no_video_has(release: Path, tmp_path: Path) -> None:
    ids = label_ids()
    ids[0, 3] = 22  # baby-crawling, a valid id
    path = write_mat(mat_path(release, "vB", 1), ids, [77])
    data = load(tmp_path, EVERYTHING)
    with pytest.raises(InputError, match=r"00001\.mat of video 'vB'.*'baby-crawling'"):
        data.read_annotation(path, by_id(data)["vB"])


@pytest.mark.parametrize("wrong", [14, 77.5, float("nan")])
def test_unknown_label_id_of_an_object(release: Path, tmp_path: Path, wrong: float) -> None:
    write_mat(mat_path(release, "vB", 1), label_ids(), [77, wrong])
    with pytest.raises(InputError, match=rf"00001\.mat: label id {wrong}"):
        load(tmp_path, EVERYTHING)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.6, 0.98])
def test_damaged_annotation(release: Path, tmp_path: Path, share: float) -> None:
    path = mat_path(release, "vB", 1)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError) as error:
        load(tmp_path, EVERYTHING)
    assert f"cannot read annotation {path}" in str(error.value) and "\n" not in str(error.value)


def test_annotation_that_is_gone(release: Path, tmp_path: Path) -> None:
    data = load(tmp_path, EVERYTHING)
    path = mat_path(release, "vB", 1)
    path.unlink()
    with pytest.raises(InputError, match="cannot read annotation"):
        data.read_annotation(path, by_id(data)["vB"])


@pytest.mark.parametrize("shape", [(2, 5, 8), (40,), (0, 0)])
def test_mask_of_a_wrong_shape(release: Path, tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = write_mat(mat_path(release, "vB", 1), np.zeros(shape), [77])
    data = load(tmp_path, EVERYTHING)
    with pytest.raises(InputError, match="expected H x W"):
        data.read_annotation(path, by_id(data)["vB"])


@pytest.mark.parametrize("name", ["00000.mat", "x.mat", "1.mat"])
def test_frame_numbers_that_are_not_valid(release: Path, tmp_path: Path, name: str) -> None:
    write_mat(mat_path(release, "vB", 1).with_name(name), label_ids(), [77])
    with pytest.raises(InputError, match="expected frame numbers"):
        load(tmp_path, EVERYTHING)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("vB,77,0:01,0:05,48,64,4,1,0", "'vB' occurs twice"),
        ("vN,77,0:01,0:05,48,64,4,1,0", "line 5: video 'vN' has no file"),
        ("vB2,14,0:01,0:05,48,64,4,1,0", "label id 14"),
        ("vB2,1x,0:01,0:05,48,64,4,1,0", "label id '1x' is not a number"),
        ("vB2,77,0:01,0:05,48,64,4,1,2", "usage '2'"),
        ("vB2,77,0:01,0:05,48,64,4,0", "expected 9 columns"),
        ("../vB,77,0:01,0:05,48,64,4,1,0", "not allowed"),
        ("a/vB,77,0:01,0:05,48,64,4,1,0", "not allowed"),
    ],
)
def test_rows_that_are_not_valid(release: Path, tmp_path: Path, row: str, message: str) -> None:
    clip = release / "clips320H" / "vB2.mp4"
    clip.write_bytes((release / "clips320H" / "vB.mp4").read_bytes())
    table = release / "videoset.csv"
    table.write_text(table.read_text() + row + "\n")
    with pytest.raises(InputError, match=message):
        load(tmp_path, EVERYTHING)


def test_missing_root_says_what_is_expected(tmp_path: Path) -> None:
    for root in (tmp_path, tmp_path / "gone"):
        with pytest.raises(InputError, match=r"clips320H/<id>\.mp4.*-S dataset\.root=<path>"):
            load(root, EVERYTHING)


def test_release_without_train_videos(tmp_path: Path) -> None:
    write_a2d(tmp_path, [("v", 77, 1)])
    with pytest.raises(InputError, match="train split is empty"):
        load(tmp_path, EVERYTHING)


def test_table_that_is_no_text(release: Path, tmp_path: Path) -> None:
    (release / "videoset.csv").write_bytes(b"\xff\xfe\x00v")
    with pytest.raises(InputError, match="not a CSV file in UTF-8"):
        load(tmp_path, EVERYTHING)


def test_objects_without_actions(release: Path, tmp_path: Path) -> None:
    data = load(tmp_path, A2DParams(validation=0, actions=False))
    videos = by_id(data)
    assert data.taxonomy.pairs == (("adult", "none"), ("ball", "none"), ("dog", "none"))
    assert videos["vB"].tags == {("dog", "none"), ("adult", "none")}
    assert videos["vC"].tags == frozenset()
    labels = data.read_annotation(videos["vB"].annotations[0], videos["vB"])
    expected = np.zeros((5, 8), np.uint8)
    expected[1:3, 2:7] = 3
    expected[4, 0] = 1
    assert np.array_equal(labels, expected)
