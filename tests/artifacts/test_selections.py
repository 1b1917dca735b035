from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pipeline.artifacts.selections import Selection
from pipeline.runtime.errors import InputError

FRAMES = pd.DataFrame(
    [("b", 9, True), ("a", 2, False), ("a", 4, True)], columns=["video", "frame", "selected"]
)
REGIONS = pd.DataFrame(
    [("b", 9, 1, "dog-running", 0.5), ("a", 4, 2, "bird-flying", float("nan"))],
    columns=["video", "frame", "label", "tag", "score"],
)
REPORT = {"rule": "ranked", "frames": 3, "selected": 2, "accuracy": 62.5}


def test_round_trip(tmp_path: Path) -> None:
    Selection.write(tmp_path / "v0", FRAMES, REGIONS, REPORT)
    found = Selection(tmp_path / "v0")
    assert found.frames.equals(FRAMES) and found.regions.equals(REGIONS)
    assert found.report == REPORT
    assert found.selected == [("b", 9), ("a", 4)]  # in the order of the table
    assert sorted(path.name for path in (tmp_path / "v0").iterdir()) == [
        "frames.parquet",
        "regions.parquet",
        "selection.json",
    ]


def test_nothing_is_selected(tmp_path: Path) -> None:
    Selection.write(tmp_path, FRAMES.assign(selected=False), REGIONS, REPORT)
    assert Selection(tmp_path).selected == []
    Selection.write(tmp_path, FRAMES[:0], REGIONS[:0], REPORT)  # of a version without any frame
    assert Selection(tmp_path).selected == [] and Selection(tmp_path).frames.empty


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        Selection.write(tmp_path / name, FRAMES.copy(), REGIONS.copy(), dict(REPORT))
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_what_is_not_there_is_one_line(tmp_path: Path) -> None:
    for what in ("frames", "regions", "report", "selected"):
        with pytest.raises(InputError, match="does not exist; run dvc repro") as error:
            getattr(Selection(tmp_path / "none"), what)
        assert "\n" not in str(error.value)
