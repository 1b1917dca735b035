"""Frames of all videos: the writer and the reader.

Frame numbers count from 0. Key frames are the frames of a video that get a pseudo-annotation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.artifacts.codecs import Codec, decode_image, encode_image
from pipeline.artifacts.store import FRAME, Artifact, Kind, frame_cell, write_index, write_video
from pipeline.datasets.taxonomy import Tag, Taxonomy, parse_tag, tag_name

FRAMES = Kind("frames", 1, pa.schema([FRAME, ("key", pa.bool_()), ("image", pa.binary())]))


class Frames(Artifact):
    """Frames of all videos with their records: split, tags, size; the taxonomy as metadata."""

    KIND = FRAMES

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.taxonomy = Taxonomy.from_dict(self.metadata["taxonomy"])
        rows = {name: column.tolist() for name, column in self.index.items()}
        videos = rows["video"]
        self._split = dict(zip(videos, rows["split"], strict=True))
        self._tags = {
            v: frozenset(parse_tag(t) for t in names)
            for v, names in zip(videos, rows["tags"], strict=True)
        }
        self._stills = {v for v, count in zip(videos, rows["rows"], strict=True) if count == 1}
        sizes = zip(rows["height"], rows["width"], strict=True)
        self._size = dict(zip(videos, sizes, strict=True))
        shots = zip(videos, rows.get("shot_of", videos), strict=True)  # a missing one is no string
        self._shot_of = {v: name for v, name in shots if isinstance(name, str)}

    @staticmethod
    def write(
        folder: Path,
        video: str,
        frames: Mapping[int, npt.NDArray[np.uint8]],
        key: Iterable[int],
        codec: Codec,
    ) -> int:
        """Write the frames (H W 3, RGB) of one video."""
        keys = set(key)
        rows = [
            {"frame": n, "key": n in keys, "image": encode_image(image, codec)}
            for n, image in frames.items()
        ]
        return write_video(folder, FRAMES, video, rows)

    @staticmethod
    def write_index(
        folder: Path,
        videos: Iterable[Mapping[str, Any]],
        tags: Mapping[str, Iterable[Tag]],
        taxonomy: Taxonomy,
    ) -> None:
        """Write the index; ``videos`` rows hold video, rows, split, height, width.

        Rows of shots also hold ``shot_of``, the video that they were cut from.
        """
        named = [{**row, "tags": sorted(tag_name(t) for t in tags[row["video"]])} for row in videos]
        write_index(folder, FRAMES, named, {"taxonomy": taxonomy.to_dict()})

    def of_split(self, *splits: str) -> list[str]:
        """Ids of the videos of these splits, sorted."""
        return [v for v in self.videos if self._split[v] in splits]

    def tagged(self, *splits: str) -> list[str]:
        """Ids of the videos of these splits that have a tag, sorted."""
        return [v for v in self.of_split(*splits) if self._tags[v]]

    def is_still(self, video: str) -> bool:
        """Whether it is a still image, which is a video of one frame."""
        return video in self._stills

    def tags(self, video: str) -> frozenset[Tag]:
        """The video's tags."""
        return self._tags[video]

    def size(self, video: str) -> tuple[int, int]:
        """Height and width of its frames in pixels."""
        return self._size[video]

    def whole_video(self, video: str) -> str:
        """Name of the video that a shot was cut from; the id itself if it is no shot."""
        return self._shot_of.get(video, video)

    def key_frames(self, video: str) -> list[int]:
        """Numbers of the frames that get a pseudo-annotation, in order."""
        table = self.table(video)
        numbers = table.column("frame").to_pylist()
        return [n for n, key in zip(numbers, table.column("key").to_pylist(), strict=True) if key]

    def image(self, video: str, frame: int) -> npt.NDArray[np.uint8]:
        """One frame, H W 3, RGB."""
        return decode_image(frame_cell(self.table(video), frame, "image"))

    def images(self, video: str, frames: Sequence[int]) -> npt.NDArray[np.uint8]:
        """Several frames of one video, T H W 3, RGB."""
        return np.stack([self.image(video, n) for n in frames])
