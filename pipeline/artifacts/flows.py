"""Optical flow: the writer and the reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.artifacts.store import (
    FRAME,
    Artifact,
    Kind,
    frame_cell,
    frame_row,
    write_index,
    write_video,
)

FLOWS = Kind(
    "flows",
    1,
    pa.schema(
        [
            FRAME,
            ("shape", pa.list_(pa.int32())),
            ("forward", pa.binary()),
            ("backward", pa.binary()),
        ]
    ),
)


class Flows(Artifact):
    """Optical flow between neighbours among the listed frames of a video, as float16.

    Flow is in pixels of the stored map, which may be smaller than the frame. A video of one frame
    has none and is not in here.
    """

    KIND = FLOWS

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
        data = frame_cell(table, frame, column)
        if data is None:
            return None
        shape = table.column("shape")[frame_row(table, frame)].as_py()
        return np.frombuffer(data, np.float16).reshape(shape).astype(np.float32)


def _to_float16(values: npt.NDArray[np.floating[Any]] | None) -> bytes | None:
    return None if values is None else values.astype(np.float16).tobytes()
