"""Label maps, of pseudo-annotations or of people: the writer and the reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.artifacts.codecs import decode_labels, encode_labels
from pipeline.artifacts.store import FRAME, Artifact, Kind, frame_cell, write_index, write_video

LABELS = Kind("labels", 1, pa.schema([FRAME, ("labels", pa.binary()), ("initial", pa.binary())]))


class LabelMaps(Artifact):
    """Label maps: a version of the pseudo-annotations, or the ground truth.

    The metadata of a pseudo-annotation say which version it is and which model and selection it
    comes from (``version``, ``model``, ``selection``), the foreground share of PA.v0, and whether
    it is the ``last`` one.
    """

    KIND = LABELS

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
        return decode_labels(frame_cell(self.table(video), frame, "labels")).astype(np.uint8)

    def initial(self, video: str, frame: int) -> npt.NDArray[np.uint8]:
        """The label map before refinement, H W; the label map itself where none was kept."""
        data = frame_cell(self.table(video), frame, "initial")
        if data is None:
            return self.labels(video, frame)
        return decode_labels(data).astype(np.uint8)

    @property
    def stopped(self) -> bool:
        """Whether the evolution had stopped before this version, which then holds no video."""
        return bool(self.metadata.get("stopped_after"))

    @property
    def last(self) -> bool:
        """Whether the recipe ends with this version: no segmenter is trained on it."""
        return bool(self.metadata.get("last"))
