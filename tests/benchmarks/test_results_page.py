from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from benchmarks import demo_results, results_page
from benchmarks.demo_results import Former, former_seeds

MIOU = ("miou_actor_action", "miou_actor", "miou_action", "iou_foreground")
ROOT = Path(__file__).parents[2]
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]


def summary(*values: float) -> dict[str, Any]:
    """Figures whose pseudo-annotations have these mIoU, from v0 on."""
    selected = {"miou_actor_action": values[0] + 4.25, "rank_correlation": 0.5}
    versions = {
        f"v{i}": {"pa": {"miou_actor_action": v}, "selected": selected}
        for i, v in enumerate(values)
    }
    return {"versions": versions}


def motion(segments: float, *jaccards: float) -> dict[str, Any]:
    """Figures on real sequences: of the motion segments, and of each version."""
    scores = {"iou_foreground": 40.0, "miou_actor": 35.5}
    versions = {f"v{n}": {"pa": scores | {"jaccard": j}} for n, j in enumerate(jaccards)}
    return {"versions": versions, "cues": {"motion": {"jaccard": segments}}}


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(results_page, "RESULTS", tmp_path)
    monkeypatch.setattr(demo_results, "FORMER", {})
    return tmp_path


def put(folder: Path, name: str, figures: dict[str, Any]) -> None:
    (folder / f"{name}.json").write_text(json.dumps(figures))


def line(text: str) -> str:
    (found,) = (row for row in results_page.bars_table() if text in row)
    return found


def test_a_bar_holds_when_every_seed_reaches_it(results: Path) -> None:
    assert line("`ws2` | PA.v1 - PA.v0").endswith("| >= 3 | -, -, - | not all measured |")
    put(results, "ws2-seed0", summary(30, 33.5))
    assert line("`ws2` | PA.v1 - PA.v0").endswith("| 3.50, -, - | not all measured |")
    put(results, "ws2-seed1", summary(30, 33))
    put(results, "ws2-seed2", summary(30, 35))
    assert line("`ws2` | PA.v1 - PA.v0").endswith("| 3.50, 3.00, 5.00 | yes |")
    put(results, "ws2-seed1", summary(30, 32.9))
    assert line("`ws2` | PA.v1 - PA.v0").endswith("| 3.50, 2.90, 5.00 | **no** |")


def test_the_bars_of_the_ranked_recipe_by_hand(results: Path) -> None:
    for seed in range(3):
        put(results, f"ws2_ranked-seed{seed}", summary(30, 36, 35.5, 38))
    assert line("PA.v3 - PA.v0").endswith("| 8.00, 8.00, 8.00 | yes |")
    assert line("smallest step").endswith("| -0.50, -0.50, -0.50 | yes |")
    assert line("selected - full at v0").endswith("| 4.25, 4.25, 4.25 | yes |")
    assert line("rank correlation").endswith("| >= 0.4 | 0.50, 0.50, 0.50 | yes |")


def test_the_bars_of_real_video_by_hand(results: Path) -> None:
    put(results, "davis-mcnn_located", motion(62.0, 70.0, 70.5, 70.25))
    put(results, "davis-mcnn_located-seed1", motion(62.0, 70.0, 70.25, 70.25))
    put(results, "davis-mcnn_located-seed2", motion(61.5, 70.0, 70.0, 71.0))
    assert line("motion segments").endswith("| >= 62 | 62.00, 62.00, 61.50 | **no** |")
    assert line("PA.v1 - PA.v0, mean Jaccard").endswith("| > 0 | 0.50, 0.25, 0.00 | **no** |")
    assert line("PA.v2 - PA.v1, mean Jaccard").endswith("| >= 0 | -0.25, 0.00, 1.00 | **no** |")
    put(results, "davis-mcnn_located", motion(62.0, 70.0, 70.5, 70.5))
    put(results, "davis-mcnn_located-seed2", motion(62.0, 70.0, 70.125, 71.0))
    for bar in ("motion segments", "PA.v1 - PA.v0, mean", "PA.v2 - PA.v1, mean"):
        assert line(bar).endswith("| yes |")


def test_a_bar_of_what_has_no_seed_has_one_figure(results: Path) -> None:
    assert line("`i3d-cam`").endswith("| >= 2 | - | not all measured |")
    put(results, "i3d-cam", {"mean_ratio": 2.25})
    assert line("`i3d-cam`").endswith("| >= 2 | 2.25 | yes |")
    put(results, "i3d-cam", {"mean_ratio": 1.75})
    assert line("`i3d-cam`").endswith("| >= 2 | 1.75 | **no** |")


def test_bars_tell_what_was_measured_with_former_settings(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_results, "FORMER", {"ws2": Former("ws2", "another rule", (1,))})
    for seed in range(3):
        put(results, f"ws2-seed{seed}", summary(30, 34))
    row = "`ws2` | PA.v1 - PA.v0"
    assert line(row).endswith("| 4.00, 4.00*, 4.00 | not all measured |")
    put(results, "ws2-seed1", summary(30, 31))  # with former settings, which says nothing of these
    assert line(row).endswith("| 4.00, 1.00*, 4.00 | not all measured |")
    put(results, "ws2-seed2", summary(30, 31))
    assert line(row).endswith("| 4.00, 1.00*, 1.00 | **no** |")


def version(pa: float, rank: float | None, test: float | None) -> dict[str, Any]:
    """Figures of a version: ``pa`` and what follows for each mIoU, selected ones a point above."""
    scores = {key: pa + n for n, key in enumerate(MIOU)}
    figures: dict[str, Any] = {"pa": scores}
    figures["selected"] = {"miou_actor_action": pa + 1, "rank_correlation": rank}
    if test is not None:  # the last version of some recipes has no model
        figures["model"] = {"test": {key: test + n for n, key in enumerate(MIOU)}}
    return figures


def test_a_recipe_with_one_seed_by_hand(results: Path) -> None:
    versions = {"v0": version(50.0, 0.5, 60.0), "v1": version(55.0, None, None)}
    put(results, "mcnn-seed0", {"versions": versions})
    head, rule, v0, v1 = results_page.versions_table("mcnn")
    assert head.count("|") == rule.count("|") == v0.count("|") == v1.count("|") == 10
    assert v0 == "| v0 | 50.0 | 51.0 | 53.0 | 51.0 | 0.50 | 60.0 | 61.0 | 63.0 |"
    assert v1 == "| v1 | 55.0 | 56.0 | 58.0 | 56.0 | - | - | - | - |"
    section = results_page.recipe_section("mcnn")
    assert section[1:4] == ["## `mcnn`", "", "Seed 0."]
    assert results_page.recipe_section("vscr") == []


def test_a_row_is_the_mean_of_the_seeds_with_its_standard_error(results: Path) -> None:
    for seed, pa in enumerate((50.0, 53.0, 56.0)):  # a deviation of 3, an error of 3 / root of 3
        put(results, f"ws2-seed{seed}", {"versions": {"v0": version(pa, 0.5, 40.0)}})
    (row,) = results_page.versions_table("ws2")[2:]
    pa_cells = "53.0 ± 1.7 | 54.0 ± 1.7 | 56.0 ± 1.7 | 54.0 ± 1.7"
    assert row == f"| v0 | {pa_cells} | 0.50 ± 0.00 | 40.0 ± 0.0 | 41.0 ± 0.0 | 43.0 ± 0.0 |"
    assert "Seeds 0, 1, 2, a mean with its standard error." in results_page.recipe_section("ws2")
    assert results_page.spread([-0.04, 0.0]) == "0.0 ± 0.0"


def test_figures_of_former_settings_are_not_averaged_with_others(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_results, "FORMER", {"ws2": Former("ws2", "another rule", (1, 2))})
    for seed, pa in enumerate((20.0, 40.0, 50.0)):
        put(results, f"ws2-seed{seed}", {"versions": {"v0": version(pa, 0.5, None)}})
    now, former = results_page.versions_table("ws2")[2:]
    assert now.startswith("| v0, seed 0 | 20.0 | 21.0 |")
    assert former.startswith("| v0, seeds 1, 2 | 45.0 ± 5.0 | 46.0 ± 5.0 |")
    (note,) = (text for text in results_page.recipe_section("ws2") if "another rule" in text)
    assert "`ws2` as measured here (seeds 1, 2) still had another rule" in note


def test_arms_by_hand(results: Path) -> None:
    def runs(**arms: list[float]) -> dict[str, Any]:
        return {
            k: [{"miou_actor_action": v, "iou_foreground": v + 1, "frames": 5} for v in values]
            for k, values in arms.items()
        }

    put(results, "arms-seed0", runs(recipe=[41, 39], full=[38.5], random=[39.5], oracle=[42]))
    assert "| 1.50, -, - |" in line("selected - all")
    assert "not all measured" in line("selected - all")
    assert line("selected - random").endswith("| 0.50, -, - | **no** |")
    assert "| 3.50, -, - |" in line("oracle - all")
    assert "| recipe | 5 | 40.0 | 1.5 | 41.0 |" in results_page.arms_table()
    assert "| full | 5 | 38.5 | - | 39.5 |" in results_page.arms_table()
    put(results, "arms-seed1", runs(recipe=[44.0], full=[39.5], random=[39.5], oracle=[42]))
    assert "| recipe | 5 | 42.0 ± 2.0 | 3.0 ± 1.5 | 43.0 ± 2.0 |" in results_page.arms_table()


def test_real_video_by_hand(results: Path) -> None:
    assert results_page.real_section() == []
    first = {"pa": {"iou_foreground": 40.0, "miou_actor": 35.5}}
    second = {"pa": first["pa"] | {"jaccard": 60.25, "jaccard_initial": 55.0}}
    put(results, "davis-vscr", {"versions": {"v0": first, "v1": second}, "cues": {}})
    put(results, "davis-mcnn_located", motion(70.0, 71.0))
    put(results, "davis-mcnn_located-seed2", motion(70.0, 72.0))
    head, _, *rows = results_page.real_table()
    assert {row.count("|") for row in (head, *rows)} == {8}
    assert rows == [
        "| `vscr` | 0 | v0 | - | - | 40.0 | 35.5 |",
        "| `vscr` | 0 | v1 | 60.2 | 55.0 | 40.0 | 35.5 |",
        "| `mcnn_located` | 0, 2 | motion segments | 70.0 ± 0.0 | - | - | - |",
        "| `mcnn_located` | 0, 2 | v0 | 71.5 ± 0.5 | - | 40.0 ± 0.0 | 35.5 ± 0.0 |",
    ]
    (caption,) = (text for text in results_page.real_section() if "Pictures" in text)
    assert "[`vscr`](results/davis-vscr.jpg), [`mcnn_located`](results/davis-mcnn_located.jpg)" in (
        caption
    )


def test_the_page_is_what_the_generator_writes_and_short() -> None:
    page = (ROOT / "docs/results.md").read_text()
    assert page == results_page.page()
    assert len(page.splitlines()) <= 150
    for bar in results_page.BARS:
        assert f"| `{bar.name}` | {bar.what} | {bar.relation} {bar.limit:g} |" in page
    measured = [r for r in results_page.RECIPES if results_page.load(r)]
    assert measured
    for recipe in measured:
        _, section = page.split(f"## `{recipe}`\n")
        assert len(re.findall(r"^\|---", section.split("\n## ")[0], re.MULTILINE)) == 1
    assert page.index("## Bars") < page.index("## `ws2_ranked`") < page.index("## What follows")
    last = page.split("## What follows\n\n")[1].splitlines()
    assert last == [f"{n}. {text}" for n, text in enumerate(results_page.FOLLOWS, start=1)]
    assert len(last) == 6


def test_what_follows_is_six_sentences_without_figures_that_could_grow_stale() -> None:
    for sentence in results_page.FOLLOWS:
        words = re.sub(r"\(\[\w+\]\([\w/.-]+\)\)", "", sentence)
        assert re.findall(r"\.(?=\s|$)", words) == ["."]
        assert not re.search(r"\d\.\d|\d+ (percent|points)", words)


def test_every_recipe_with_stored_figures_is_on_the_page() -> None:
    formers = {former.name for former in demo_results.FORMER.values()}
    shown = {*results_page.RECIPES, *results_page.REAL, "arms", *formers}
    shown |= {f"{recipe}-arms" for recipe in results_page.RECIPES}
    files = (ROOT / "docs/results").glob("*.json")
    stems = {re.sub(r"-seed\d+$", "", path.stem) for path in files}
    assert stems - shown == {"i3d-cam", "relation-step"}


def test_a_note_on_former_settings_goes_when_its_figures_go() -> None:
    for name, former in demo_results.FORMER.items():
        stems = {p.stem for p in demo_results.stored(ROOT / "docs/results", name).values()}
        assert stems & {former.name, *(f"{former.name}-seed{s}" for s in former.seeds)}, name
        if former.how:
            assert former_seeds(ROOT / "docs/results", name), name


def test_the_readme_has_both_recipes_and_how_they_were_measured(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = results / "README.md"
    monkeypatch.setattr(results_page, "README", readme)
    monkeypatch.setattr(results_page, "RESULTS", ROOT / "docs/results")
    monkeypatch.setattr(demo_results, "FORMER", {"ws2": Former("ws2", "another rule")})
    readme.write_text("before\n<!-- table -->\nold\n<!-- /table -->\nafter\n")
    results_page.write_readme_table()
    text = readme.read_text()
    assert text.startswith("before\n<!-- table -->\n```\n")
    assert text.endswith("\n<!-- /table -->\nafter\n") and "old" not in text
    first, second, note = (text.index(w) for w in ("Recipe ws2_ranked", "Recipe ws2,", "still had"))
    assert first < second < note
    results_page.write_readme_table()
    assert readme.read_text() == text


def test_links_between_the_pages_lead_somewhere() -> None:
    for page in DOCS:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page}: {target}"
