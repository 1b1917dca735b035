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
    def version(jaccard: float) -> dict[str, Any]:
        scores = {"iou_foreground": 1.0, "miou_actor": 1.0, "jaccard": jaccard}
        return {"pa": scores, "selected": {"iou_foreground": 1.0, "fraction": 1.0}}

    figures: dict[str, Any] = {
        "versions": {"v0": version(70.0), "v1": version(70.5), "v2": version(70.25)},
        "cues": {"motion": {"jaccard": 62.0}},
    }
    figures |= {"minutes": 60.5, "threads": 2}
    (results / "davis-mcnn.json").write_text(json.dumps(figures))
    assert tables.real_table()[-6:-2] == [
        "| motion segments | >= 62 | 62.000 | yes |",
        "| PA.v1 - PA.v0 | > 0 | 0.500 | yes |",
        "| PA.v2 - PA.v1 | >= 0 | -0.250 | **no** |",
        "| minutes | <= 60 | 60.500 | **no** |",
    ]
    figures["versions"]["v1"] = version(70.0)
    (results / "davis-mcnn.json").write_text(json.dumps(figures))
    assert "| PA.v1 - PA.v0 | > 0 | 0.000 | **no** |" in tables.real_table()
