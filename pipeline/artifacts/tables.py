"""Small tables and JSON values on disk, written under a temporary name and renamed when whole."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.runtime.errors import InputError


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as Parquet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    table.to_parquet(partial, index=False)
    partial.replace(path)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table of :func:`write_table`."""
    if not path.is_file():
        raise InputError(f"{path} does not exist; run dvc repro")
    return pd.read_parquet(path)


def selected_frames(table: pd.DataFrame) -> list[tuple[str, int]]:
    """Video and frame number of the selected rows of a selection's table of frames."""
    chosen = table[table["selected"]]
    return [(str(v), int(n)) for v, n in zip(chosen["video"], chosen["frame"], strict=True)]


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write JSON with sorted keys; NaN, which JSON cannot say, becomes null."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(_finite(values), indent=1, sort_keys=True) + "\n")
    partial.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """Read JSON of :func:`write_json`."""
    if not path.is_file():
        raise InputError(f"{path} does not exist; run dvc repro")
    return json.loads(path.read_text())


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
