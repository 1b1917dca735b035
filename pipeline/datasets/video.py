"""Video records: what a data set is made of, and how its frames are read.

A data set layout (see `layouts`) turns a folder into a `Dataset`; everything after it knows
`Video` only. Frames come from a video file or from a folder of images. A still image is a video of
one frame.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.datasets.checks import check_id
from pipeline.datasets.images import read_image
from pipeline.datasets.taxonomy import Tag, Taxonomy
from pipeline.runtime.errors import InputError

Split = Literal["train", "val", "test"]
Frame = npt.NDArray[np.uint8]
T = TypeVar("T")

# Containers round their number of frames, and count some that no decoder returns. Below this share
# a file is taken to be cut off.
MIN_DECODED = 0.9


@dataclass(frozen=True)
class Video:
    """One tagged video.

    Attributes:
        id: name, unique in its data set and safe as a file name (see `checks.check_id`).
        tags: the (actor, action) pairs that occur in it; empty: no actor.
        split: "train", "val" or "test".
        source: a video file, or image files in the order of the frames.
        annotations: annotation file of each annotated frame, by 0-based frame number.
        shot_of: name of the longer video that this one was cut from; None: it is whole.
    """

    id: str
    tags: frozenset[Tag]
    split: Split
    source: Path | tuple[Path, ...]
    annotations: Mapping[int, Path] = field(default_factory=dict, hash=False)
    shot_of: str | None = None


@dataclass(frozen=True)
class Dataset:
    """Tagged videos and their classes.

    Attributes:
        taxonomy: the classes.
        videos: sorted by id.
        read_annotation: ``(file, video) -> labels``, uint8 ``H W`` at the size of the file (see
            `taxonomy`); raises `InputError` if the file cannot be read or holds an unknown class.
    """

    taxonomy: Taxonomy
    videos: tuple[Video, ...]
    read_annotation: Callable[[Path, Video], npt.NDArray[np.uint8]]


def make_dataset(
    taxonomy: Taxonomy,
    videos: Iterable[Video],
    read_annotation: Callable[[Path, Video], npt.NDArray[np.uint8]],
) -> Dataset:
    """Sort videos by id and check what holds for every data set.

    Raises:
        InputError: no train video, an unsafe id, an id that occurs twice, or a tag without class.
    """
    ordered = tuple(sorted(videos, key=lambda video: video.id))
    for before, video in zip((None, *ordered), ordered, strict=False):
        check_id(video.id, "the data set")
        if before is not None and before.id == video.id:
            raise InputError(f"video {video.id!r} occurs twice; ids must be unique")
        taxonomy.labels(video.tags)
    if not any(video.split == "train" for video in ordered):
        raise InputError(
            f"the train split is empty: of {len(ordered)} videos none is left for training; "
            "check the split column and dataset.validation"
        )
    return Dataset(taxonomy, ordered, read_annotation)


def check_video(video: Video) -> None:
    """Check cheaply that a video exists, opens and has a first frame.

    Raises:
        InputError: it does not. A file that breaks off later is found by `read_frames` only.
    """
    if isinstance(video.source, tuple):
        for path in video.source:
            if not path.is_file():
                raise InputError(f"video {video.id!r}: frame {path} is missing")
    frames = _raw_frames(video)
    try:
        if next(frames, None) is None:
            raise InputError(f"video {video.id!r} has no frames: {_place(video)}")
    finally:
        frames.close()


def read_frames(video: Video, max_side: int | None) -> Iterator[Frame]:
    """Yield every frame of a video in order.

    Args:
        video: what to read.
        max_side: the longer side of a frame is at most this many pixels (see `fitted_size`);
            None keeps the size of the source.

    Yields:
        ``H W 3``, RGB, 0..255; all of one size.

    Raises:
        InputError: the video is missing, cannot be opened, has no frames, has frames of different
            sizes, or breaks off: less than 90 % of the frames its container claims can be decoded.
            That last error comes when the frames end: write nothing final before.
    """
    first: tuple[int, int] | None = None
    for number, frame in enumerate(_raw_frames(video)):
        height, width = frame.shape[:2]
        first = first or (height, width)
        if (height, width) != first:
            raise InputError(
                f"video {video.id!r}: frame {number} is {width}x{height}, the first one "
                f"{first[1]}x{first[0]}; all must have one size"
            )
        size = fitted_size(height, width, max_side)
        if size != first:
            frame = np.asarray(
                cv2.resize(frame, size[::-1], interpolation=cv2.INTER_AREA), np.uint8
            )
        yield np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8)
    if first is None:
        raise InputError(f"video {video.id!r} has no frames: {_place(video)}")


def fitted_size(height: int, width: int, max_side: int | None) -> tuple[int, int]:
    """Size (height, width) at which `read_frames` returns a frame of ``height`` x ``width``.

    A frame that fits is left alone; a larger one is scaled so that its longer side is at most
    ``max_side``, both sides rounded to the nearest even number (never above ``max_side``).

    Raises:
        ValueError: ``max_side`` is below 2.
    """
    if max_side is None:
        return height, width
    if max_side < 2:
        raise ValueError(f"expected a max_side of at least 2 pixels, got {max_side}")
    if max(height, width) <= max_side:
        return height, width
    scale = max_side / max(height, width)
    largest = max_side // 2 * 2
    rows, columns = (min(max(2, 2 * round(s * scale / 2)), largest) for s in (height, width))
    return rows, columns


def uniform_frames(count: int, n: int) -> tuple[int, ...]:
    """``n`` frame numbers of 0..count-1, each in the middle of one of ``n`` equal bins.

    All frames if there are no more than ``n``.

    Raises:
        ValueError: ``count`` is negative, or ``n`` below 1.
    """
    if count < 0 or n < 1:
        raise ValueError(f"expected count >= 0 and n >= 1, got {count} and {n}")
    if count <= n:
        return tuple(range(count))
    return tuple((2 * i + 1) * count // (2 * n) for i in range(n))


def spread(items: Sequence[T], count: int | None) -> list[T]:
    """``count`` of ``items`` spread evenly; all of them when there are no more or it is None."""
    if count is None:
        return list(items)
    return [items[i] for i in uniform_frames(len(items), count)]


def _place(video: Video) -> str:
    if isinstance(video.source, tuple):
        return f"folder {video.source[0].parent}" if video.source else "its folder is empty"
    return str(video.source)


def _raw_frames(video: Video) -> Generator[Frame, None, None]:
    """Yield the frames as OpenCV decodes them: BGR ``H W 3``."""
    if not isinstance(video.source, tuple):
        yield from _decode_file(video.id, video.source)
        return
    for path in video.source:
        image = read_image(path)
        if image is None:
            raise InputError(f"video {video.id!r}: cannot read frame {path}; missing or damaged")
        yield image


def _decode_file(video_id: str, path: Path) -> Iterator[Frame]:
    if not path.is_file():
        raise InputError(f"video {video_id!r}: file {path} is missing")
    capture = cv2.VideoCapture(str(path))
    try:
        if not capture.isOpened():
            raise InputError(
                f"video {video_id!r}: cannot open {path}; damaged, cut off or not a video"
            )
        claimed = capture.get(cv2.CAP_PROP_FRAME_COUNT)  # 0 or less if the container does not say
        decoded = 0
        while True:
            whole, frame = capture.read()
            if not whole:
                break
            decoded += 1
            yield np.asarray(frame, dtype=np.uint8)
        if 0 < decoded < MIN_DECODED * claimed:
            raise InputError(
                f"video {video_id!r}: {path} is cut off: {decoded} of {claimed:.0f} frames decode"
            )
    finally:
        capture.release()
