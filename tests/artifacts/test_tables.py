from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from pipeline.artifacts.tables import (
    read_json,
    read_table,
    selected_frames,
    write_json,
    write_table,
)
from pipeline.runtime.errors import InputError


def test_table_round_trip_and_equal_bytes(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"video": ["b", "a"], "frame": [3, 1], "score": [0.5, float("nan")], "ok": [True, False]}
    )
    for name in ("one", "two"):
        write_table(tmp_path / "new" / name, table.copy())
    pd.testing.assert_frame_equal(read_table(tmp_path / "new" / "one"), table)
    one, two = ((tmp_path / "new" / name).read_bytes() for name in ("one", "two"))
    assert one == two
    assert len(list((tmp_path / "new").iterdir())) == 2  # nothing partial is left


def test_json_has_sorted_keys_and_null_for_what_it_cannot_say(tmp_path: Path) -> None:
    path = tmp_path / "new" / "values.json"
    nan, infinity = float("nan"), float("inf")
    write_json(path, {"z": nan, "a": {"list": [1, nan, (2.5, -infinity)]}, 3: "three", "t": True})
    expected = {"z": None, "a": {"list": [1, None, [2.5, None]]}, "3": "three", "t": True}
    assert read_json(path) == expected

    def refuse(name: str) -> None:
        raise AssertionError(name)

    assert json.loads(path.read_text(), parse_constant=refuse) == expected
    write_json(tmp_path / "other", {"b": 1, "a": 2})
    assert (tmp_path / "other").read_text().index('"a"') < 10


def test_missing_files_say_what_to_do(tmp_path: Path) -> None:
    for read in (read_table, read_json):
        with pytest.raises(InputError, match=r"gone does not exist; run dvc repro"):
            read(tmp_path / "gone")  # type: ignore[operator]


def test_killed_while_writing_keeps_the_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "values.json"
    write_json(path, {"a": 1})

    def killed(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_json(path, {"a": 2})
    assert read_json(path) == {"a": 1}


def test_selected_frames_are_those_marked() -> None:
    table = pd.DataFrame(
        {"video": ["b", "a", "a"], "frame": [3, 1, 7], "selected": [True, False, True]}
    )
    assert selected_frames(table) == [("b", 3), ("a", 7)]
