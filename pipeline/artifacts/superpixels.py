"""Superpixels of key frames: the writer and the reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.artifacts.codecs import decode_labels, encode_labels
from pipeline.artifacts.store import FRAME, Artifact, Kind, frame_cell, write_index, write_video

SUPERPIXELS = Kind("superpixels", 1, pa.schema([FRAME, ("superpixels", pa.binary())]))


class Superpixels(Artifact):
    """Superpixel maps of key frames."""

    KIND = SUPERPIXELS

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
        return decode_labels(frame_cell(self.table(video), frame, "superpixels")).astype(np.int32)
