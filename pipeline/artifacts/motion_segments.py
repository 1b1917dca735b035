"""Motion segments: the writer and the reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.artifacts.codecs import decode_labels, encode_labels
from pipeline.artifacts.store import FRAME, Artifact, Kind, frame_cell, write_index, write_video

MOTION = Kind("motion", 1, pa.schema([FRAME, ("motion", pa.binary())]))


class MotionSegments(Artifact):
    """What moves in every frame of a video, and the band around its border.

    A video of one frame has none and is not in here.
    """

    KIND = MOTION

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
        return decode_labels(frame_cell(self.table(video), frame, "motion"))
