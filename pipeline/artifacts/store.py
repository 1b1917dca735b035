"""Artifacts on disk: a folder with one Arrow IPC file for each video and a small index.

Layout: ``videos/<video id>.arrow`` (a row a frame, memory-mapped on reading, any row reachable
without reading the others) and ``index.parquet`` (a row a video; metadata of the whole artifact in
its schema). Every file is written under a temporary name and renamed when whole, the index last; a
folder without an index is not an artifact. Rows are sorted and nothing depends on time or host, so
equal content gives equal bytes. The index holds a digest of every video's file, so that it
identifies the whole artifact, and a stage depends on the index alone. To DVC index and ``videos/``
are two outs, see ``dvc.yaml``.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.runtime.errors import InputError
from pipeline.runtime.versions import library_versions, warn_of_other_versions

INDEX = "index.parquet"
VIDEOS = "videos"
FRAME = ("frame", pa.int32())  # the column that every kind has
_METADATA_KEY = b"wsvaas"


@dataclass(frozen=True)
class Kind:
    """One kind of artifact: its name, the version of its schema, and the columns of a frame."""

    name: str
    version: int
    schema: pa.Schema


def write_video(folder: Path, kind: Kind, video: str, rows: Sequence[Mapping[str, Any]]) -> int:
    """Write the rows of one video, sorted by frame; safe to call from parallel processes.

    Returns:
        The number of rows.
    """
    ordered = sorted(rows, key=lambda row: int(row["frame"]))
    table = pa.Table.from_pylist(ordered, schema=kind.schema)
    final = _video_file(folder, video)
    final.parent.mkdir(parents=True, exist_ok=True)
    partial = final.with_suffix(".arrow.partial")
    with pa.OSFile(str(partial), "wb") as sink, pa.ipc.new_file(sink, kind.schema) as writer:
        writer.write_table(table)
    partial.replace(final)
    return len(ordered)


def write_index(
    folder: Path,
    kind: Kind,
    videos: Iterable[Mapping[str, Any]],
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Write the index, which makes the folder a whole artifact.

    Args:
        folder: the artifact's folder, with the file of every video.
        kind: its kind.
        videos: a mapping for each video with at least ``video`` and ``rows``.
        metadata: anything that JSON can say about the artifact as a whole.
    """
    (folder / VIDEOS).mkdir(parents=True, exist_ok=True)
    frame = pd.DataFrame([{**row, "digest": _digest(folder, row["video"])} for row in videos])
    if frame.empty:
        frame = pd.DataFrame({"video": pd.Series(dtype=str), "rows": pd.Series(dtype=int)})
        (folder / VIDEOS / ".keep").touch()  # DVC warns of an empty folder, which is no fault here
    frame = frame.sort_values("video", ignore_index=True)
    header = {
        "kind": kind.name,
        "version": kind.version,
        "metadata": dict(metadata or {}),
        "made_with": library_versions(),
    }
    table = pa.Table.from_pandas(frame, preserve_index=False)
    table = table.replace_schema_metadata(
        {**(table.schema.metadata or {}), _METADATA_KEY: json.dumps(header, sort_keys=True)}
    )
    partial = folder / f"{INDEX}.partial"
    pq.write_table(table, partial)
    partial.replace(folder / INDEX)


def _video_file(folder: Path, video: str) -> Path:
    return folder / VIDEOS / f"{video}.arrow"


def _digest(folder: Path, video: str) -> str:
    with _video_file(folder, video).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Artifact:
    """A whole artifact, open for reading; it pickles by its path.

    Attributes:
        KIND: the kind that this reader opens.
        index: a row a video, sorted by video.
        metadata: what the writer said about the artifact as a whole.
    """

    KIND: ClassVar[Kind]

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kind = self.KIND
        path = folder / INDEX
        try:
            stat = path.stat()
        except OSError:
            raise InputError(
                f"{folder} is not a whole {kind.name} artifact: no {INDEX}; run dvc repro"
            ) from None
        header, rows = _read_index(path, stat.st_mtime_ns, stat.st_size)
        found = (header.get("kind"), header.get("version"))
        if found != (kind.name, kind.version):
            raise InputError(
                f"{folder} holds {found[0]} version {found[1]}, expected {kind.name} version "
                f"{kind.version}; run dvc repro"
            )
        warn_of_other_versions(header.get("made_with", {}), str(folder))
        self.metadata: dict[str, Any] = copy.deepcopy(header["metadata"])
        self.index = rows.copy()

    def __reduce__(self) -> tuple[type[Artifact], tuple[Path]]:
        """A worker process opens the artifact anew, whatever its working directory."""
        return type(self), (self.folder.absolute(),)

    @property
    def videos(self) -> list[str]:
        """Ids of all videos, sorted."""
        return self.index["video"].tolist()

    def __contains__(self, video: str) -> bool:
        return _video_file(self.folder, video).is_file()

    def table(self, video: str) -> pa.Table:
        """Rows of one video as a memory-mapped table."""
        path = _video_file(self.folder, video)
        try:
            stat = path.stat()
        except OSError as error:
            raise _unreadable(path, error) from None
        return _open_table(path, stat.st_mtime_ns, stat.st_size)

    def frames(self, video: str) -> list[int]:
        """Frame numbers of one video, in order."""
        return [int(f) for f in self.table(video).column("frame").to_pylist()]


def frame_row(table: pa.Table, frame: int) -> int:
    """Row of a frame in the table of a video.

    Raises:
        KeyError: there is none.
    """
    numbers = table.column("frame").to_numpy()
    row = int(np.searchsorted(numbers, frame))
    if row == len(numbers) or numbers[row] != frame:
        raise KeyError(f"no frame {frame}; there are {numbers.tolist()}")
    return row


def frame_cell(table: pa.Table, frame: int, column: str) -> Any:
    """What a column of bytes holds for a frame, not copied; None where it holds nothing."""
    value = table.column(column)[frame_row(table, frame)]
    return value.as_buffer() if value.is_valid else None


@lru_cache(maxsize=64)
def _read_index(path: Path, mtime: int, size: int) -> tuple[dict[str, Any], pd.DataFrame]:
    """Header and rows of an index; workers open their artifacts anew for every video."""
    table = pq.read_table(path)
    header = json.loads((table.schema.metadata or {}).get(_METADATA_KEY, b"{}"))
    return header, table.to_pandas()


@lru_cache(maxsize=4096)
def _open_table(path: Path, mtime: int, size: int) -> pa.Table:
    """The mapped table; ``mtime`` and ``size`` tell a file from its successor of the same name."""
    try:
        with pa.memory_map(str(path)) as source:
            return pa.ipc.open_file(source).read_all()
    except (OSError, pa.ArrowInvalid) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> InputError:
    return InputError(f"cannot read {path}: {error}; delete it and run dvc repro")
