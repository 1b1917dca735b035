"""Edge segments of key frames: the writer and the reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.artifacts.codecs import decode_labels, encode_labels
from pipeline.artifacts.store import FRAME, Artifact, Kind, frame_cell, write_index, write_video

EDGE_SEGMENTS = Kind("edge_segments", 1, pa.schema([FRAME, ("segments", pa.binary())]))


class EdgeSegments(Artifact):
    """Segments between the edges of key frames."""

    KIND = EDGE_SEGMENTS

    @staticmethod
    def write(folder: Path, video: str, maps: Mapping[int, npt.NDArray[Any]]) -> int:
        """Write the segments (H W, numbered from 0) of one video."""
        rows = [{"frame": n, "segments": encode_labels(m)} for n, m in maps.items()]
        return write_video(folder, EDGE_SEGMENTS, video, rows)

    @staticmethod
    def write_index(folder: Path, videos: Iterable[Mapping[str, Any]]) -> None:
        """Write the index; ``videos`` rows hold video, rows."""
        write_index(folder, EDGE_SEGMENTS, videos)

    def segments(self, video: str, frame: int) -> npt.NDArray[np.int32]:
        """Segments of one key frame, H W at the size of the frame, numbered from 0."""
        return decode_labels(frame_cell(self.table(video), frame, "segments")).astype(np.int32)
