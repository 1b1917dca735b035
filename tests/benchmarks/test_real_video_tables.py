from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import real_video_tables as tables


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tables, "RESULTS", tmp_path)
    return tmp_path


def test_real_video_by_hand(results: Path) -> None:
    assert tables.real_table() == []
    scores = {"iou_foreground": 40.0, "miou_actor": 35.5}
    first = {"pa": scores, "selected": {"iou_foreground": 41.0, "fraction": 75.0}}
    own = scores | {"jaccard": 60.25, "jaccard_initial": 55.0}
    second = {"pa": own, "selected": {"iou_foreground": 42.0, "fraction": 50.0}}
    figures: dict[str, Any] = {
        "versions": {"v0": first, "v1": second},
        "cues": {"motion": {"jaccard": 70.0}},
    }
    figures |= {"minutes": 33.0, "threads": 2}
    (results / "davis-vscr.json").write_text(json.dumps(figures))
    head, _, motion, v0, v1 = tables.real_table()[-7:-2]
    assert head.count("|") == motion.count("|") == v0.count("|") == 8
    assert motion.startswith("| motion segments | 70.0 | - |")
    assert v0 == "| v0 | - | - | 40.0 | 35.5 | 41.0 | 75.0 |"
    assert v1 == "| v1 | 60.2 | 55.0 | 40.0 | 35.5 | 42.0 | 50.0 |"
    assert "33.0 minutes, 2 thread(s)." in tables.real_table()


def test_bars_of_motion_by_hand(results: Path) -> None:
    def figures(minutes: float, threads: int, *jaccards: float) -> dict[str, Any]:
        scores = {"iou_foreground": 1.0, "miou_actor": 1.0}
        selected = {"iou_foreground": 1.0, "fraction": 1.0}
        versions = {
            f"v{n}": {"pa": scores | {"jaccard": j}, "selected": selected}
            for n, j in enumerate(jaccards)
        }
        motion = {"motion": {"jaccard": 62.0}}
        return {"versions": versions, "cues": motion, "minutes": minutes, "threads": threads}

    def bars() -> list[str]:
        return tables.real_table()[-6:]

    alone = results / "davis-mcnn.json"
    alone.write_text(json.dumps(figures(60.5, 2, 70.0, 70.5, 70.25)))
    assert bars() == [
        "| `mcnn` | bar | seed 0 | holds |",
        "|---|---|---|---|",
        "| motion segments | >= 62 | 62.000 | yes |",
        "| PA.v1 - PA.v0 | > 0 | 0.500 | yes |",
        "| PA.v2 - PA.v1 | >= 0 | -0.250 | **no** |",
        "| minutes | <= 60 | 60.500 | **no** |",
    ]
    alone.write_text(json.dumps(figures(30.0, 2, 70.0, 70.5, 70.5)))
    beside = results / "davis-mcnn-seed2.json"  # its time is that of the work beside it, too
    beside.write_text(json.dumps(figures(99.0, 1, 70.0, 70.0, 71.0)))
    assert bars() == [
        "| `mcnn` | bar | seed 0 | seed 2 | holds |",
        "|---|---|---|---|---|",
        "| motion segments | >= 62 | 62.000 | 62.000 | yes |",
        "| PA.v1 - PA.v0 | > 0 | 0.500 | 0.000 | **no** |",
        "| PA.v2 - PA.v1 | >= 0 | 0.000 | 1.000 | yes |",
        "| minutes | <= 60 | 30.000 | - | yes |",
    ]
    assert "99.0 minutes, 1 thread(s)." in tables.real_table()
