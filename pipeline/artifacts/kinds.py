"""The kinds of artifacts, each with its one writer and its one reader.

Frame numbers count from 0. Key frames are the frames of a video that get a pseudo-annotation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.artifacts.codecs import (
    Codec,
    decode_image,
    decode_labels,
    encode_image,
    encode_labels,
)
from pipeline.artifacts.store import Artifact, Kind, write_index, write_video
from pipeline.datasets.taxonomy import Tag, Taxonomy, parse_tag, tag_name

_FRAME = ("frame", pa.int32())
FRAMES = Kind("frames", 1, pa.schema([_FRAME, ("key", pa.bool_()), ("image", pa.binary())]))
SUPERPIXELS = Kind("superpixels", 1, pa.schema([_FRAME, ("superpixels", pa.binary())]))
LABELS = Kind("labels", 1, pa.schema([_FRAME, ("labels", pa.binary()), ("initial", pa.binary())]))
MAPS = Kind(
    "maps",
    2,
    pa.schema(
        [
            _FRAME,
            ("classes", pa.list_(pa.int32())),
            ("shape", pa.list_(pa.int32())),
            ("maps", pa.binary()),
            ("scores", pa.list_(pa.float32())),
        ]
    ),
)
FLOWS = Kind(
    "flows",
    1,
    pa.schema(
        [
            _FRAME,
            ("shape", pa.list_(pa.int32())),
            ("forward", pa.binary()),
            ("backward", pa.binary()),
        ]
    ),
)
MOTION = Kind("motion", 1, pa.schema([_FRAME, ("motion", pa.binary())]))


class Frames(Artifact):
    """Frames of all videos with their records: split, tags, size; the taxonomy as metadata."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, FRAMES)
        self.taxonomy = Taxonomy.from_dict(self.metadata["taxonomy"])
        rows = self.index.set_index("video")
        self._split = {str(v): str(s) for v, s in rows["split"].items()}
        self._tags = {
            str(v): frozenset(parse_tag(t) for t in names) for v, names in rows["tags"].items()
        }
        self._stills = frozenset(str(v) for v in rows.index[rows["rows"] == 1])
        shots = rows["shot_of"].dropna() if "shot_of" in rows else {}
        self._shot_of = {str(v): str(name) for v, name in shots.items()}

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

    def whole_video(self, video: str) -> str:
        """Name of the video that a shot was cut from; the id itself of what is no shot."""
        return self._shot_of.get(video, video)

    def key_frames(self, video: str) -> list[int]:
        """Numbers of the frames that get a pseudo-annotation, in order."""
        table = self.table(video)
        numbers = table.column("frame").to_pylist()
        return [n for n, key in zip(numbers, table.column("key").to_pylist(), strict=True) if key]

    def image(self, video: str, frame: int) -> npt.NDArray[np.uint8]:
        """One frame, H W 3, RGB."""
        return decode_image(_cell(self.table(video), frame, "image"))

    def images(self, video: str, frames: Sequence[int]) -> npt.NDArray[np.uint8]:
        """Several frames of one video, T H W 3, RGB."""
        return np.stack([self.image(video, n) for n in frames])


class Superpixels(Artifact):
    """Superpixel maps of key frames."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, SUPERPIXELS)

    @staticmethod
    def write(folder: Path, video: str, maps: Mapping[int, npt.NDArray[Any]]) -> int:
        """Write the superpixel maps (H W, numbered from 0) of one video."""
        rows = [{"frame": n, "superpixels": encode_labels(m)} for n, m in maps.items()]
        return write_video(folder, SUPERPIXELS, video, rows)

    @staticmethod
    def write_index(folder: Path, videos: Iterable[Mapping[str, Any]]) -> None:
        """Write the index; ``videos`` rows hold video, rows."""
        write_index(folder, SUPERPIXELS, videos)

    def superpixels(self, video: str, frame: int) -> npt.NDArray[np.int32]:
        """Superpixel map of one key frame, H W, numbered from 0."""
        return decode_labels(_cell(self.table(video), frame, "superpixels")).astype(np.int32)


class LabelMaps(Artifact):
    """Label maps: a version of the pseudo-annotations, or the ground truth.

    The metadata of a pseudo-annotation say which version it is and which model and selection it
    comes from (``version``, ``model``, ``selection``), and the foreground share of PA.v0.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, LABELS)

    @staticmethod
    def write(
        folder: Path,
        video: str,
        maps: Mapping[int, npt.NDArray[np.uint8]],
        initial: Mapping[int, npt.NDArray[np.uint8]] | None = None,
    ) -> int:
        """Write the label maps (H W) of one video; ``initial`` are those before refinement."""
        rows = [
            {
                "frame": n,
                "labels": encode_labels(m),
                "initial": encode_labels(initial[n]) if initial is not None else None,
            }
            for n, m in maps.items()
        ]
        return write_video(folder, LABELS, video, rows)

    @staticmethod
    def write_index(
        folder: Path, videos: Iterable[Mapping[str, Any]], metadata: Mapping[str, Any]
    ) -> None:
        """Write the index; ``videos`` rows hold video, rows."""
        write_index(folder, LABELS, videos, metadata)

    def labels(self, video: str, frame: int) -> npt.NDArray[np.uint8]:
        """Label map of one frame, H W; 0 background, 255 ignore."""
        return decode_labels(_cell(self.table(video), frame, "labels")).astype(np.uint8)

    def initial(self, video: str, frame: int) -> npt.NDArray[np.uint8]:
        """The label map before refinement, H W; the label map itself where none was kept."""
        data = _cell(self.table(video), frame, "initial")
        if data is None:
            return self.labels(video, frame)
        return decode_labels(data).astype(np.uint8)

    @property
    def stopped(self) -> bool:
        """Whether the evolution had stopped before this version, which then holds no video."""
        return bool(self.metadata.get("stopped_after"))


class Maps(Artifact):
    """Attention maps of key frames, float16 at their own resolution.

    A video has maps of the classes it is tagged with, and by choice of others that its frames seem
    to show. The scores of all classes stand beside them where the method gives any.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, MAPS)

    @staticmethod
    def write(
        folder: Path,
        video: str,
        classes: Sequence[int],
        maps: Mapping[int, npt.NDArray[np.floating[Any]]],
        scores: Mapping[int, npt.NDArray[np.floating[Any]]] | None = None,
    ) -> int:
        """Write the maps (C h w, C = len(classes)) of each key frame of one video.

        ``scores`` (K, in [0, 1]) are of all classes of the artifact.
        """
        rows = [
            {
                "frame": n,
                "classes": list(classes),
                "shape": list(m.shape),
                "maps": m.astype(np.float16).tobytes(),
                "scores": None if scores is None else scores[n].tolist(),
            }
            for n, m in maps.items()
        ]
        return write_video(folder, MAPS, video, rows)

    @staticmethod
    def write_index(
        folder: Path, videos: Iterable[Mapping[str, Any]], class_names: Sequence[str]
    ) -> None:
        """Write the index; ``videos`` rows hold video, rows; ``classes`` number ``class_names``."""
        write_index(folder, MAPS, videos, {"classes": list(class_names)})

    def maps(self, video: str, frame: int) -> dict[str, npt.NDArray[np.float32]]:
        """The map (h w) of each class that the video has maps of, by the name of the class."""
        table = self.table(video)
        row = _row(table, frame)
        shape = table.column("shape")[row].as_py()
        values = np.frombuffer(table.column("maps")[row].as_buffer(), np.float16).reshape(shape)
        names = [self.metadata["classes"][c] for c in table.column("classes")[row].as_py()]
        return {name: m.astype(np.float32) for name, m in zip(names, values, strict=True)}

    def scores(self, video: str, frame: int) -> dict[str, float]:
        """The score (0..1) of every class in one frame; empty where there are none."""
        table = self.table(video)
        values = table.column("scores")[_row(table, frame)].as_py()
        return dict(zip(self.metadata["classes"], values, strict=True)) if values else {}


class Flows(Artifact):
    """Optical flow between neighbours among the listed frames of a video, as float16.

    Flow is in pixels of the stored map, which may be smaller than the frame. A video of one frame
    has none and is not in here; a recipe without motion has no video in here at all.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, FLOWS)

    @staticmethod
    def write(
        folder: Path,
        video: str,
        frames: Sequence[int],
        forward: Sequence[npt.NDArray[np.floating[Any]]],
        backward: Sequence[npt.NDArray[np.floating[Any]]] = (),
    ) -> int:
        """Write the flow of one video.

        Args:
            folder: the artifact's folder.
            video: its id.
            frames: T >= 2 numbers of the listed frames, in order.
            forward: T - 1 flows (h w 2), each from a frame to the next listed one.
            backward: T - 1 flows, each from the next listed frame back; or none.

        Raises:
            ValueError: the numbers do not fit.
        """
        pairs = len(frames) - 1
        if pairs < 1 or len(forward) != pairs or len(backward) not in (0, pairs):
            raise ValueError(
                f"expected flow between two or more frames, received {len(frames)} frames, "
                f"{len(forward)} forward and {len(backward)} backward flows"
            )
        ahead = [*forward, None]
        behind = [None, *backward] if backward else [None] * (pairs + 1)
        rows = [
            {
                "frame": n,
                "shape": list(forward[0].shape),
                "forward": _to_float16(f),
                "backward": _to_float16(b),
            }
            for n, f, b in zip(frames, ahead, behind, strict=True)
        ]
        return write_video(folder, FLOWS, video, rows)

    @staticmethod
    def write_index(folder: Path, videos: Iterable[Mapping[str, Any]]) -> None:
        """Write the index; ``videos`` rows hold video, rows."""
        write_index(folder, FLOWS, videos)

    def forward(self, video: str, frame: int) -> npt.NDArray[np.float32] | None:
        """Flow (h w 2; x, y) from a frame to the next listed one; None for the last."""
        return self._flow(video, frame, "forward")

    def backward(self, video: str, frame: int) -> npt.NDArray[np.float32] | None:
        """Flow (h w 2; x, y) from a frame to the listed one before; None for the first.

        None everywhere if backward flow was not computed.
        """
        return self._flow(video, frame, "backward")

    def _flow(self, video: str, frame: int, column: str) -> npt.NDArray[np.float32] | None:
        table = self.table(video)
        data = _cell(table, frame, column)
        if data is None:
            return None
        shape = table.column("shape")[_row(table, frame)].as_py()
        return np.frombuffer(data, np.float16).reshape(shape).astype(np.float32)


class MotionSegments(Artifact):
    """What moves in every frame of a video, and the band around its border.

    A video of one frame has none and is not in here; a recipe without motion has no video in here
    at all.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, MOTION)

    @staticmethod
    def write(
        folder: Path,
        video: str,
        segments: Mapping[int, npt.NDArray[np.bool_]],
        boundaries: Mapping[int, npt.NDArray[np.bool_]],
    ) -> int:
        """Write the segments of one video and the bands around their borders, each H W."""
        rows = [
            {"frame": n, "motion": encode_labels(m + 2 * boundaries[n].astype(np.uint8))}
            for n, m in segments.items()
        ]
        return write_video(folder, MOTION, video, rows)

    @staticmethod
    def write_index(folder: Path, videos: Iterable[Mapping[str, Any]]) -> None:
        """Write the index; ``videos`` rows hold video, rows."""
        write_index(folder, MOTION, videos)

    def segment(self, video: str, frame: int) -> npt.NDArray[np.bool_]:
        """What moves in one frame, H W at the size of the frame."""
        return (self._bits(video, frame) & 1) > 0

    def boundary(self, video: str, frame: int) -> npt.NDArray[np.bool_]:
        """The band around the border of what moves in one frame, H W."""
        return (self._bits(video, frame) & 2) > 0

    def _bits(self, video: str, frame: int) -> npt.NDArray[Any]:
        return decode_labels(_cell(self.table(video), frame, "motion"))


def _to_float16(values: npt.NDArray[np.floating[Any]] | None) -> bytes | None:
    return None if values is None else values.astype(np.float16).tobytes()


def _row(table: pa.Table, frame: int) -> int:
    numbers = table.column("frame").to_numpy()
    row = int(np.searchsorted(numbers, frame))
    if row == len(numbers) or numbers[row] != frame:
        raise KeyError(f"no frame {frame}; there are {numbers.tolist()}")
    return row


def _cell(table: pa.Table, frame: int, column: str) -> Any:
    value = table.column(column)[_row(table, frame)]
    return value.as_buffer() if value.is_valid else None
