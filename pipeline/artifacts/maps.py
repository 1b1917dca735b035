"""Attention maps of key frames: the writer and the reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.artifacts.store import FRAME, Artifact, Kind, frame_row, write_index, write_video

MAPS = Kind(
    "maps",
    2,
    pa.schema(
        [
            FRAME,
            ("classes", pa.list_(pa.int32())),
            ("shape", pa.list_(pa.int32())),
            ("maps", pa.binary()),
            ("scores", pa.list_(pa.float32())),
        ]
    ),
)


class Maps(Artifact):
    """Attention maps of key frames, float16 at their own resolution.

    A video has maps of the classes it is tagged with, and optionally of others that its frames seem
    to show. The scores of all classes stand beside them where the method gives any.
    """

    KIND = MAPS

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
        row = frame_row(table, frame)
        shape = table.column("shape")[row].as_py()
        values = np.frombuffer(table.column("maps")[row].as_buffer(), np.float16).reshape(shape)
        names = [self.metadata["classes"][c] for c in table.column("classes")[row].as_py()]
        return {name: m.astype(np.float32) for name, m in zip(names, values, strict=True)}

    def scores(self, video: str, frame: int) -> dict[str, float]:
        """The score (0..1) of every class in one frame; empty where there are none."""
        table = self.table(video)
        values = table.column("scores")[frame_row(table, frame)].as_py()
        return dict(zip(self.metadata["classes"], values, strict=True)) if values else {}
