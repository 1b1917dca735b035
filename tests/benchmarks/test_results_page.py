from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import results_page


def summary(*values: float, minutes: float = 9.0) -> dict[str, Any]:
    """Figures whose pseudo-annotations have these mIoU, from v0 on."""
    selected = {"miou_actor_action": values[0] + 4.25, "rank_correlation": 0.5}
    versions = {
        f"v{i}": {"pa": {"miou_actor_action": v}, "selected": selected}
        for i, v in enumerate(values)
    }
    return {"versions": versions, "minutes": minutes}


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(results_page, "RESULTS", tmp_path)
    return tmp_path


def put(folder: Path, name: str, figures: dict[str, Any]) -> None:
    (folder / f"{name}.json").write_text(json.dumps(figures))


def line(text: str) -> str:
    (found,) = (row for row in results_page.bars_table() if text in row)
    return found


def test_a_bar_holds_when_every_seed_reaches_it(results: Path) -> None:
    assert line("PA.v1 - PA.v0").endswith("| >= 3 | - | - | - | not all measured |")
    put(results, "ws2-seed0", summary(30, 33.5))
    assert line("PA.v1 - PA.v0").endswith("| 3.50 | - | - | not all measured |")
    put(results, "ws2-seed1", summary(30, 33))
    put(results, "ws2-seed2", summary(30, 35))
    assert line("PA.v1 - PA.v0").endswith("| 3.50 | 3.00 | 5.00 | yes |")
    put(results, "ws2-seed1", summary(30, 32.9))
    assert line("PA.v1 - PA.v0").endswith("| 3.50 | 2.90 | 5.00 | **no** |")


def test_the_bars_of_the_ranked_recipe_by_hand(results: Path) -> None:
    for seed in range(3):
        put(results, f"ws2_ranked-seed{seed}", summary(30, 36, 35.5, 38, minutes=9 + seed))
    assert line("PA.v3 - PA.v0").endswith("| 8.00 | 8.00 | 8.00 | yes |")
    assert line("smallest step").endswith("| -0.50 | -0.50 | -0.50 | yes |")
    assert line("selected - full at v0").endswith("| 4.25 | 4.25 | 4.25 | yes |")
    assert line("`ws2_ranked` | minutes").endswith("| <= 10 | 9.00 | 10.00 | 11.00 | **no** |")


def test_the_time_is_that_of_the_seed_that_ran_alone(results: Path) -> None:
    row = "`vscr` | minutes"
    assert line(row).endswith("| <= 15 | - | - | - | not all measured |")
    put(results, "vscr-seed0", summary(30, minutes=14.9))
    put(results, "vscr-seed1", summary(30) | {"minutes": None})
    assert line(row).endswith("| <= 15 | 14.90 | - | - | yes |")
    put(results, "vscr-seed0", summary(30, minutes=15.1))
    assert line(row).endswith("| <= 15 | 15.10 | - | - | **no** |")


def test_the_last_version_of_a_recipe_has_no_model(results: Path) -> None:
    keys = ("miou_actor_action", "miou_actor", "miou_action", "iou_foreground")
    scores = {k: 50.0 + i for i, k in enumerate(keys)}
    last = {"pa": scores, "selected": {**scores, "fraction": 40.0, "rank_correlation": None}}
    test = {**scores, "cls_acc": 60.0, "glo_acc": 90.0}
    first = last | {"model": {"best_epoch": 3, "ric": 77.0, "test": test}}
    put(results, "mcnn-seed0", {"versions": {"v0": first, "v1": last}})
    _, _, v0, v1 = results_page.versions_table("mcnn")
    own = "| 50.0 | 51.0 | 52.0 | 53.0 | 50.0 | 53.0 | 40.0 | - |"
    assert v0 == f"| 0 | v0 {own} 3 | 77.0 | 50.0 | 51.0 | 52.0 | 53.0 | 60.0 | 90.0 |"
    assert v1 == f"| 0 | v1 {own}" + " - |" * 8


def test_arms_by_hand(results: Path) -> None:
    arms = {"recipe": [41.0, 39.0], "full": [38.5], "random": [39.5], "oracle": [42.0]}
    figures = {
        k: [{"miou_actor_action": v, "iou_foreground": v + 1, "frames": 5} for v in values]
        for k, values in arms.items()
    }
    put(results, "arms-seed0", figures)
    assert "| 1.50 |" in line("selected - all") and "not all measured" in line("selected - all")
    assert line("selected - random").endswith("| 0.50 | - | - | **no** |")
    assert "| 3.50 |" in line("oracle - all")
    assert "| 0 | random | 5 | 39.5 | 39.5 | 40.5 |" in results_page.arms_table()
    assert "| 0 | recipe | 5 | 40.0 | 41.0, 39.0 | 41.0 |" in results_page.arms_table()


def test_what_stands_before_the_first_heading_goes_below_the_bars(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(results)
    (results / "docs").mkdir()
    (results / "docs/results-notes.md").write_text(
        "In short.\n\n### One\n\n- a\n\n### Two\n\n- b\n"
    )
    (results / "README.md").write_text("before\n<!-- table -->\nold\n<!-- /table -->\nafter\n")
    results_page.main()
    page = (results / "docs/results.md").read_text()
    assert page.index("## Bars") < page.index("In short.") < page.index("## What selection")
    assert page.endswith("## What to make of it\n\n### One\n\n- a\n\n### Two\n\n- b\n")
    assert (results / "README.md").read_text().startswith("before\n<!-- table -->\n")
