from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import ablation_tables as tables
from benchmarks.ablations import ARMS


@pytest.fixture(autouse=True)
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tables, "RESULTS", tmp_path)
    return tmp_path


def figures(test: float) -> dict[str, Any]:
    """A summary whose test figures are ``test``, and one more for actions."""
    values = {"miou_actor_action": test, "miou_actor": test, "miou_action": test + 1}
    pa = {"miou_actor_action": 40.0, "iou_foreground": 50.0, "miou_actor": test}
    return {
        "versions": {"v0": {"pa": pa, "model": {"test": values}}, "v1": {"pa": pa}},
        "minutes": None,
    }


def write(folder: Path, recipe: str, seed: int, arms: dict[str, dict[str, Any]]) -> None:
    (folder / f"{recipe}-arms-seed{seed}.json").write_text(json.dumps(arms))


def row_of(lines: list[str], *words: str) -> list[str]:
    (row,) = [line for line in lines if all(f"| {w} |" in f"{line} " for w in words)]
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_claims_compare_arms_that_are_measured() -> None:
    for claim in tables.CLAIMS:
        names = {arm.name for arm in ARMS[claim.recipe]}
        assert claim.arm in names and claim.other in names | {tables.SAME_FRAMES}


def test_a_claim_is_about_the_mean_of_three_seeds(results: Path) -> None:
    for seed, gain in enumerate((2.0, -0.5, 0.9)):
        write(results, "mcnn_located", seed, {"soft": figures(30 + gain), "hard": figures(30.0)})
    row = row_of(tables.claims_table(), "`mcnn_located`", "PA.v1, actor")
    assert row[2:] == ["soft", "hard", "+2.0", "-0.5", "+0.9", "+0.8 ± 0.7", "yes"]
    write(results, "mcnn_located", 0, {"soft": figures(29.0), "hard": figures(30.0)})
    assert row_of(tables.claims_table(), "PA.v1, actor")[-2:] == ["-0.2 ± 0.6", "**no**"]
    write(results, "mcnn_located", 0, {"soft": figures(30.2), "hard": figures(30.0)})
    row = row_of(tables.claims_table(), "PA.v1, actor")
    assert row[-2:] == ["+0.2 ± 0.4", "yes, within the error"]
    write(results, "mcnn_located", 0, {"soft": figures(29.0), "hard": figures(30.0)})
    (results / "mcnn_located-arms-seed1.json").unlink()
    row = row_of(tables.claims_table(), "PA.v1, actor")
    assert row[4:] == ["-1.0", "-", "+0.9", "-0.1", "not all measured"]


def test_what_stands_beside_the_arms(results: Path) -> None:
    cues = {"cam": {"iou_foreground": 40.0}, "aggregated": {"iou_foreground": 42.5}}
    write(results, "frame_to_frame_unsure", 2, {"K = 3": {"cues": cues}})
    assert row_of(tables.claims_table(), tables.SAME_FRAMES)[6] == "+2.5"


def test_the_claims_are_one_table_with_how_arms_were_measured(results: Path) -> None:
    assert tables.sections() == []
    write(results, "mcnn", 1, {"soft": figures(31.5), "hard": {"minutes": 4.25}})
    write(results, "mcnn", 2, {"soft": figures(31.5), "hard": figures(30.0)})
    lines = tables.sections()
    assert row_of(lines, "`mcnn_located`", "PA.v1, actor")[4:7] == ["-", "-", "+1.5"]
    assert [line for line in lines if line.startswith("#")] == ["## With and without their parts"]
    assert sum(line.startswith("|") for line in lines) == 2 + len(tables.CLAIMS)
    (caption,) = (line for line in lines if "as measured here" in line)
    assert "`mcnn_located` as measured here (seeds 1, 2) still had" in caption
    assert "`vscr`" not in caption


def test_arms_under_the_new_name_go_before_those_under_the_former_one(results: Path) -> None:
    write(results, "mcnn", 0, {"soft": figures(31.0), "hard": figures(30.0)})
    write(results, "mcnn_located", 0, {"soft": figures(34.0), "hard": figures(30.0)})
    assert row_of(tables.claims_table(), "PA.v1, actor")[4] == "+4.0"
    assert not any("as measured here" in line for line in tables.sections())
