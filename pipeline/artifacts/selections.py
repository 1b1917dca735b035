"""Selections: which pseudo-annotations of a version are trained on, and their scores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.artifacts.tables import (
    read_json,
    read_table,
    selected_frames,
    write_json,
    write_table,
)


class Selection:
    """A selection, open for reading."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[type[Selection], tuple[Path]]:
        """Pickled by its path, like every artifact."""
        return type(self), (self.folder.absolute(),)

    @staticmethod
    def write(
        folder: Path, frames: pd.DataFrame, regions: pd.DataFrame, report: Mapping[str, Any]
    ) -> None:
        """Write the tables of frames (selected or not) and of regions (scores), and the figures."""
        write_table(folder / "frames.parquet", frames)
        write_table(folder / "regions.parquet", regions)
        write_json(folder / "selection.json", report)

    @property
    def frames(self) -> pd.DataFrame:
        """``video``, ``frame``, ``selected`` and what the rule looked at, a row a frame."""
        return read_table(self.folder / "frames.parquet")

    @property
    def regions(self) -> pd.DataFrame:
        """``video``, ``frame``, ``label``, ``tag`` and the scores, a row a region."""
        return read_table(self.folder / "regions.parquet")

    @property
    def report(self) -> dict[str, Any]:
        """The rule, how many frames it selected of how many, and the figures of its tests."""
        return read_json(self.folder / "selection.json")

    @property
    def selected(self) -> list[tuple[str, int]]:
        """Video and number of each selected frame."""
        return selected_frames(self.frames)
