from __future__ import annotations

import dataclasses
import itertools
import pickle
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.datasets.checks import check_id, check_layout
from pipeline.datasets.taxonomy import taxonomy_of
from pipeline.datasets.video import (
    Split,
    Video,
    check_validation,
    check_video,
    fitted_size,
    make_dataset,
    read_frames,
    split_validation,
    uniform_frames,
)
from pipeline.runtime.errors import InputError
from tests.datasets.miniature import make_frames, write_clip, write_images

DOG, CAT = ("dog", "running"), ("cat", "eating")


def video(source: Path | tuple[Path, ...], name: str = "v") -> Video:
    return Video(name, frozenset({DOG}), "train", source)


def one_line(error: pytest.ExceptionInfo[InputError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


def test_frames_of_a_file_come_in_order_as_rgb(tmp_path: Path) -> None:
    frames = list(read_frames(video(write_clip(tmp_path / "v.mp4", 12)), None))
    assert len(frames) == 12
    for frame, written in zip(frames, make_frames(12), strict=True):
        assert frame.shape == (48, 64, 3) and frame.dtype == np.uint8
        assert np.abs(frame.mean((0, 1)) - written.mean((0, 1))).max() < 6  # lossy
    red = [frame[..., 0].mean() for frame in frames]
    assert all(later > earlier for earlier, later in itertools.pairwise(red))


def test_frames_of_a_folder_are_exact(tmp_path: Path) -> None:
    paths = tuple(write_images(tmp_path, [f"{i}.png" for i in range(3)]))
    for frame, written in zip(read_frames(video(paths), None), make_frames(3), strict=True):
        assert np.array_equal(frame, written)


def test_frames_are_scaled_by_area(tmp_path: Path) -> None:
    (path,) = write_images(tmp_path, ["0.png"])
    (frame,) = read_frames(video((path,)), 32)
    (written,) = make_frames(1)
    expected = written.reshape(24, 2, 32, 2, 3).mean((1, 3))
    assert frame.shape == (24, 32, 3)
    assert np.abs(frame - expected).max() <= 0.51


@pytest.mark.parametrize(
    ("size", "max_side", "expected"),
    [
        ((480, 854), None, (480, 854)),
        ((480, 854), 427, (240, 426)),  # 427 is odd: 426 is the largest even side
        ((480, 854), 854, (480, 854)),
        ((481, 853), 900, (481, 853)),  # fits: left alone
        ((720, 1280), 320, (180, 320)),
        ((1280, 720), 320, (320, 180)),
        ((320, 426), 100, (76, 100)),  # 75.1 lies nearer to 76 than to 74
        ((2, 1000), 100, (2, 100)),  # never below 2
    ],
)
def test_fitted_size(
    size: tuple[int, int], max_side: int | None, expected: tuple[int, int]
) -> None:
    assert fitted_size(*size, max_side) == expected


def test_fitted_size_refuses_less_than_two_pixels() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        fitted_size(10, 10, 1)


def test_missing_file(tmp_path: Path) -> None:
    gone = video(tmp_path / "gone.mp4")
    for read in (check_video, lambda v: list(read_frames(v, None))):
        with pytest.raises(InputError) as error:
            read(gone)
        assert "'v'" in one_line(error) and "gone.mp4 is missing" in one_line(error)


@pytest.mark.parametrize("content", [b"", b"no video at all" * 100])
def test_file_that_is_no_video(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "v.mp4").write_bytes(content)
    with pytest.raises(InputError, match="cannot open"):
        check_video(video(tmp_path / "v.mp4"))


def test_file_without_its_end_cannot_be_opened(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "v.mp4", 40)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match="cannot open"):
        check_video(video(path))


def test_truncated_file_gives_its_frames_and_then_an_error(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "v.avi", 40, codec="MJPG")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    check_video(video(path))  # the first frame is there
    frames = read_frames(video(path), None)
    with pytest.raises(InputError) as error:
        count = 0
        for _ in frames:
            count += 1
    assert 10 < count < 30
    assert f"is cut off: {count} of 40 frames decode" in one_line(error)


class Capture:
    """A container that claims more frames than it gives."""

    def __init__(self, claimed: float, given: int) -> None:
        self.claimed, self.given = claimed, given

    def isOpened(self) -> bool:
        return True

    def get(self, _: int) -> float:
        return self.claimed

    def read(self) -> tuple[bool, object]:
        self.given -= 1
        return (True, np.zeros((2, 2, 3), np.uint8)) if self.given >= 0 else (False, None)

    def release(self) -> None: ...


@pytest.mark.parametrize(
    ("claimed", "given", "message"),
    [
        (100, 90, None),
        (100, 89, "cut off: 89 of 100"),
        (0, 5, None),
        (-1e15, 5, None),
        (10, 0, "no frames"),
    ],
)
def test_share_of_decoded_frames(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    claimed: float,
    given: int,
    message: str | None,
) -> None:
    (tmp_path / "v.mp4").touch()
    monkeypatch.setattr(cv2, "VideoCapture", lambda _: Capture(claimed, given))
    frames = read_frames(video(tmp_path / "v.mp4"), None)
    if message is None:
        assert len(list(frames)) == given
    else:
        with pytest.raises(InputError, match=message):
            list(frames)


def test_video_without_frames(tmp_path: Path) -> None:
    for read in (check_video, lambda v: list(read_frames(v, None))):
        with pytest.raises(InputError, match="'v' has no frames"):
            read(video(()))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.95])
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_image_that_is_cut_off(tmp_path: Path, suffix: str, share: float) -> None:
    paths = write_images(tmp_path, [f"0{suffix}", f"1{suffix}"])
    content = paths[1].read_bytes()
    paths[1].write_bytes(content[: int(share * len(content))])
    check_video(video(tuple(paths)))  # cheap: looks at the first frame only
    with pytest.raises(InputError, match=f"cannot read frame .*1{suffix}"):
        list(read_frames(video(tuple(paths)), None))


def test_missing_image(tmp_path: Path) -> None:
    paths = write_images(tmp_path, ["0.png", "1.png"])
    paths[1].unlink()
    with pytest.raises(InputError, match=r"1\.png is missing"):
        check_video(video(tuple(paths)))


def test_images_of_different_sizes(tmp_path: Path) -> None:
    first = write_images(tmp_path / "a", ["0.png"])
    other = write_images(tmp_path / "b", ["1.png"], height=32)
    with pytest.raises(InputError, match="frame 1 is 64x32, the first one 64x48"):
        list(read_frames(video((*first, *other)), None))


def test_uniform_frames() -> None:
    assert uniform_frames(16, 4) == (2, 6, 10, 14)
    assert uniform_frames(10, 3) == (1, 5, 8)  # middles 1.67, 5, 8.33
    assert uniform_frames(9, 1) == (4,)
    assert uniform_frames(3, 5) == (0, 1, 2)
    assert uniform_frames(0, 5) == ()
    for count, n in [(-1, 2), (4, 0)]:
        with pytest.raises(ValueError, match="expected count"):
            uniform_frames(count, n)


def tagged(groups: dict[str, int], split: str = "train") -> list[Video]:
    videos = []
    for name, size in groups.items():
        tags = frozenset({(name[0], "none")} if name != "empty" else ())
        videos += [Video(f"{name}{i:04}", tags, split, Path("x")) for i in range(size)]  # type: ignore[arg-type]
    return videos


def validation_counts(videos: tuple[Video, ...] | list[Video]) -> dict[str, int]:
    return dict(Counter(v.id[:-4] for v in videos if v.split == "val"))


def test_validation_takes_its_share_of_each_tag_set() -> None:
    # Shares of 25 %: 2.5, 1.75, 0.75, 1: rounded down 2, 1, 0, 1; round(6.0) = 6 leaves 2, which
    # go to the largest remainders: b (0.75) and the videos without tags (0.75).
    videos = tagged({"a": 10, "b": 7, "empty": 3, "d": 4})
    split = split_validation(videos, 0.25, 0)
    assert validation_counts(split) == {"a": 2, "b": 2, "empty": 1, "d": 1}
    assert [v.id for v in split] == [v.id for v in videos]


def test_validation_keeps_a_train_video_of_each_tag_set_where_it_can() -> None:
    # Shares of 40 %: 0.4 each for three single videos, 2.0 for five: round(3.2) = 3, one more.
    split = split_validation(tagged({"a": 1, "b": 1, "c": 1, "d": 5}), 0.4, 0)
    assert validation_counts(split) == {"d": 3}


def test_validation_split_of_a2d_has_the_size_of_the_paper() -> None:
    sizes = {chr(97 + i): 70 for i in range(23)} | {chr(65 + i): 57 for i in range(25)} | {"z": 1}
    videos = tagged(sizes)
    assert len(videos) == 3036
    split = split_validation(videos, 288 / 3036, 0)
    assert Counter(v.split for v in split) == {"train": 2748, "val": 288}


@pytest.mark.parametrize("fraction", [0.0, 0.01, 0.37, 0.5, 0.99, 1.0])
def test_validation_is_exact_and_spares_other_splits(fraction: float) -> None:
    videos = tagged({"a": 13, "b": 8, "c": 1}) + tagged({"e": 5}, "test") + tagged({"f": 4}, "val")
    split = split_validation(videos, fraction, 3)
    assert sum(v.split == "val" for v in split) == 4 + round(fraction * 22)
    assert sum(v.split == "test" for v in split) == 5


def test_validation_depends_on_the_seed_only() -> None:
    videos = tagged({"a": 30, "b": 20})
    first = {v.id: v.split for v in split_validation(videos, 0.3, 1)}
    assert {v.id: v.split for v in split_validation(videos[::-1], 0.3, 1)} == first
    assert {v.id: v.split for v in split_validation(videos, 0.3, 2)} != first
    # Not simply the first ones of each group.
    assert {n for n, s in first.items() if s == "val"} != {
        *(f"a{i:04}" for i in range(9)),
        *(f"b{i:04}" for i in range(6)),
    }


def test_validation_refuses_impossible_fractions() -> None:
    with pytest.raises(ValueError, match=r"fraction of 0\.\.1"):
        split_validation([], 1.5, 0)


def test_data_set_is_sorted_and_checked() -> None:
    taxonomy = taxonomy_of([DOG])
    b, a = video(Path("x"), "b"), video(Path("x"), "a")
    data = make_dataset(taxonomy, [b, a], lambda path, video: np.zeros((1, 1), np.uint8))
    assert data.videos == (a, b)
    for videos, message in [
        ([], "train split is empty"),
        ([dataclasses.replace(a, split="test")], "train split is empty"),
        ([a, a], "'a' occurs twice"),
        ([dataclasses.replace(a, tags=frozenset({CAT}))], "no class for the tag 'cat-eating'"),
        ([video(Path("x"), "../a")], "not allowed"),
    ]:
        with pytest.raises(InputError, match=message):
            make_dataset(taxonomy, videos, data.read_annotation)


def test_video_can_be_hashed_and_pickled() -> None:
    first = Video("v", frozenset({DOG}), "train", Path("x"), {0: Path("y")})
    assert hash(first) == hash(pickle.loads(pickle.dumps(first)))


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "/a", "a\\b", "a..b", "a\0b"])
def test_ids_that_are_no_file_names(name: str) -> None:
    with pytest.raises(InputError, match=r"videoset\.csv line 3"):
        check_id(name, "videoset.csv line 3")


def test_ids_that_are_file_names() -> None:
    for name in ["_0djE279Srg", "-5jNQ", "car-shadow", "v 1", "clip.v2", "Größe"]:
        assert check_id(name, "here") == name


def test_layout_error_names_the_missing_part_and_the_parameter(tmp_path: Path) -> None:
    check_layout(tmp_path, (), "nothing")
    with pytest.raises(InputError, match=r"tags\.csv is missing.* -S dataset\.root=<path>"):
        check_layout(tmp_path, ("tags.csv",), "tags.csv")
    with pytest.raises(InputError, match=r"gone is missing.*tags\.csv"):
        check_layout(tmp_path / "gone", ("tags.csv",), "tags.csv")


def test_validation_must_not_show_what_training_lacks() -> None:
    def video(name: str, tag: tuple[str, str], split: Split) -> Video:
        return Video(name, frozenset({tag}), split, Path(name))

    known = [video("a", ("dog", "running"), "train"), video("b", ("cat", "walking"), "train")]
    check_validation([*known, video("c", ("dog", "walking"), "val")])
    with pytest.raises(InputError, match=r"'c'.*actor 'bird'"):
        check_validation([*known, video("c", ("bird", "running"), "val")])
    with pytest.raises(InputError, match=r"'c'.*action 'flying'"):
        check_validation([*known, video("c", ("dog", "flying"), "val")])
