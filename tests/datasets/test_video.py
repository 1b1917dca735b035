from __future__ import annotations

import dataclasses
import itertools
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.datasets.taxonomy import taxonomy_of
from pipeline.datasets.video import (
    Video,
    check_video,
    fitted_size,
    make_dataset,
    read_frames,
    spread,
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


def test_spread() -> None:
    assert spread("abcdef", None) == list("abcdef")
    assert spread("abcdef", 9) == list("abcdef")
    assert spread("abcdef", 2) == ["b", "e"]
    assert spread("abcdef", 3) == ["b", "d", "f"]
