"""Write ``docs/results.md`` from the figures in ``docs/results/``: tables, and which bars hold.

python -m benchmarks.results_page
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from benchmarks.ablation_tables import sections
from benchmarks.real_video_tables import cell, i3d_table, real_table
from pipeline.artifacts.tables import read_json
from pipeline.evaluation.summary import text_table

RESULTS = Path("docs/results")
PAGE = Path("docs/results.md")
NOTES = Path("docs/results-notes.md")
README = Path("README.md")
SEEDS = (0, 1, 2)
AA = "miou_actor_action"
MINUTES = "minutes from scratch"
Figures = dict[str, Any]


def load(name: str) -> dict[int, Figures]:
    """Figures by seed; seeds without a file are left out."""
    paths = {seed: RESULTS / f"{name}-seed{seed}.json" for seed in SEEDS}
    return {seed: read_json(path) for seed, path in paths.items() if path.is_file()}


def pa(figures: Figures, version: str) -> float:
    """mIoU actor-action of a PA version."""
    return float(figures["versions"][version]["pa"][AA])


def gain(figures: Figures) -> float:
    """Selected minus full at v0."""
    return float(figures["versions"]["v0"]["selected"][AA]) - pa(figures, "v0")


def worst_step(figures: Figures) -> float:
    """Smallest change from one PA version to the next."""
    values = [pa(figures, v) for v in figures["versions"]]
    return min(b - a for a, b in itertools.pairwise(values))


def arm_gain(arm: str, other: str) -> Callable[[Figures], float]:
    """PA.v1 of one arm minus that of another, each in the mean of its trainings."""
    return lambda figures: fmean(f[AA] for f in figures[arm]) - fmean(f[AA] for f in figures[other])


def rank_correlation(figures: Figures) -> float:
    """Of the selection's score with the true IoU at v0."""
    return float(figures["versions"]["v0"]["selected"]["rank_correlation"])


class Bar(NamedTuple):
    """What a figure has to reach in every seed: at least, or at most, ``limit``.

    The time is measured on the seed that ran alone.
    """

    recipe: str
    what: str
    value: Callable[[Figures], float | None]
    at_least: bool
    limit: float
    seeds: int = len(SEEDS)  # on how many it is measured

    def holds(self, value: float) -> bool:
        """Whether a seed's value reaches the bar."""
        return value >= self.limit if self.at_least else value <= self.limit


BARS = [
    Bar("ws2", "PA.v1 - PA.v0", lambda f: pa(f, "v1") - pa(f, "v0"), True, 3.0),
    Bar("ws2_ranked", "PA.v3 - PA.v0", lambda f: pa(f, "v3") - pa(f, "v0"), True, 7.0),
    Bar("ws2_ranked", "smallest step between versions", worst_step, True, -1.0),
    Bar("ws2_ranked", "selected - full at v0", gain, True, 3.0),
    Bar("ws2_ranked", "rank correlation of the score at v0", rank_correlation, True, 0.40),
    Bar("arms", "PA.v1: selected - all", arm_gain("recipe", "full"), True, 1.0),
    Bar("arms", "PA.v1: selected - random", arm_gain("recipe", "random"), True, 1.0),
    Bar("arms", "PA.v1: oracle - all", arm_gain("oracle", "full"), True, 3.0),
    Bar("ws2_ranked", MINUTES, lambda f: f["minutes"], False, 10.0, 1),
    *(
        Bar(recipe, MINUTES, lambda f: f["minutes"], False, 15.0, 1)
        for recipe in ("vscr", "mcnn_located", "frame_to_frame_unsure")
    ),
]


def bars_table() -> list[str]:
    """One line a bar: its value for each seed and whether it holds for all of them."""
    lines = ["| recipe | figure | bar | " + " | ".join(f"seed {s}" for s in SEEDS) + " | holds |"]
    lines.append("|---|---|---|" + "---|" * len(SEEDS) + "---|")
    for bar in BARS:
        values = {seed: bar.value(figures) for seed, figures in load(bar.recipe).items()}
        found = {seed: value for seed, value in values.items() if value is not None}
        cells = [f"{found[s]:.2f}" if s in found else "-" for s in SEEDS]
        holds = "yes" if len(found) >= bar.seeds else "not all measured"
        if not all(map(bar.holds, found.values())):
            holds = "**no**"
        limit = f"{'>=' if bar.at_least else '<='} {bar.limit:g}"
        lines.append(f"| `{bar.recipe}` | {bar.what} | {limit} | {' | '.join(cells)} | {holds} |")
    return lines


def versions_table(recipe: str) -> list[str]:
    """One line a seed and version."""
    head = (
        "| seed | version | PA actor-action | PA actor | PA action | PA foreground | selected "
        "actor-action | selected foreground | frames selected % | rank correlation | best epoch | "
        "RIC | test actor-action | test actor | test action | test foreground | cls_acc | glo_acc |"
    )
    lines = [head, "|" + "---|" * head.count(" | ") + "---|"]
    for seed, figures in load(recipe).items():
        for version, f in figures["versions"].items():
            p, s, m = f["pa"], f["selected"], f.get("model", {})  # none on the last of some recipes
            keys = (AA, "miou_actor", "miou_action", "iou_foreground")
            cells = [
                *(p[k] for k in keys),
                *(s[k] for k in (AA, "iou_foreground", "fraction")),
            ]
            test = [m.get("test", {}).get(k) for k in (*keys, "cls_acc", "glo_acc")]
            lines.append(
                f"| {seed} | {version} | "
                + " | ".join(cell(c) for c in cells)
                + f" | {cell(s['rank_correlation'], 2)} | {m.get('best_epoch', '-')}"
                + f" | {cell(m.get('ric'))} | "
                + " | ".join(cell(c) for c in test)
                + " |"
            )
    return lines


def scores_table() -> list[str]:
    """Rank correlation of each score with the true IoU, v0."""
    found = {(r, s): f for r in ("ws2", "ws2_ranked") for s, f in load(r).items()}
    lines = ["| recipe | seed | score | v0 | v1 | v2 | v3 |", "|---|---|---|---|---|---|---|"]
    for (recipe, seed), figures in found.items():
        versions = figures["versions"]
        for name in sorted(versions["v0"]["selected"]["rank_correlations"]):
            cells = [
                cell(versions[v]["selected"]["rank_correlations"].get(name), 2)
                if v in versions
                else "-"
                for v in ("v0", "v1", "v2", "v3")
            ]
            lines.append(f"| `{recipe}` | {seed} | {name} | {' | '.join(cells)} |")
    return lines


def arms_table() -> list[str]:
    """PA.v1 of each arm: the mean of its trainings, and each."""
    lines = ["| seed | arm | frames | actor-action | each training | foreground |"]
    lines.append("|---|---|---|---|---|---|")
    for seed, arms in load("arms").items():
        for arm, runs in arms.items():
            mean, foreground = (fmean(f[k] for f in runs) for k in (AA, "iou_foreground"))
            each = ", ".join(cell(f[AA]) for f in runs)
            cells = f"{cell(mean)} | {each} | {cell(foreground)}"
            lines.append(f"| {seed} | {arm} | {runs[0]['frames']} | {cells} |")
    return lines


def classifiers_table() -> list[str]:
    """Accuracies of the classifiers, and of the discriminator."""
    lines = ["| recipe | seed | actor test | action test | discriminator v0 | minutes |"]
    lines.append("|---|---|---|---|---|---|")
    for recipe in ("ws2", "ws2_ranked"):
        for seed, f in load(recipe).items():
            told = f["versions"]["v0"]["selected"].get("discriminator_accuracy")
            cells = [f["classifiers"][b]["test_accuracy"] for b in ("actor", "action")]
            row = " | ".join(cell(c) for c in (*cells, told, f["minutes"]))
            lines.append(f"| `{recipe}` | {seed} | {row} |")
    return lines


def step_table() -> list[str]:
    """What VSCR's relations add to a training step; nothing where it was not measured."""
    path = RESULTS / "relation-step.json"
    if not path.is_file():
        return []
    lines = [
        "",
        "## A training step with and without contrastive relations",
        "",
        "Measured by `python -m benchmarks.relation_step`: medians, 10 crops of 224x224, without",
        "the motion stream (bar: at most 1.5 times).",
        "",
        "| backbone | embeddings | pixels | clusters | cross-entropy s | relations s | ratio |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, f in read_json(path).items():
        cells = [cell(f[k], 2) for k in ("cross_entropy", "relations", "ratio")]
        counts = f"{f['width']} | {f['pixels']} | {f['clusters']}"
        lines.append(f"| {name} | {counts} | {' | '.join(cells)} |")
    return lines


def write_readme_table() -> None:
    """The tables of both recipes, seed 0, between the marks of the README."""
    text = README.read_text()
    start, end = "<!-- table -->\n", "<!-- /table -->"
    head, rest = text.split(start)
    _, tail = rest.split(end)
    tables = [
        f"```\n{text_table(load(recipe)[0])}```\n"
        for recipe in ("ws2_ranked", "ws2")
        if 0 in load(recipe)
    ]
    README.write_text(head + start + "\n".join(tables) + end + tail)


def main() -> None:
    """Write the page; its text stands in ``docs/results-notes.md``.

    What stands there before the first heading goes below the bars, the rest below the tables.
    """
    short, *notes = NOTES.read_text().rstrip().split("\n### ")
    parts = [
        ["# Results on the demo data set", ""],
        ["Written by `python -m benchmarks.results_page` from the figures in `docs/results/`,"],
        ["which `python -m benchmarks.demo_results` measures. Percent; mIoU with the background."],
        ["", "## Bars", ""],
        bars_table(),
        ["", short.rstrip()],
        *(
            ["", f"## `{recipe}`", "", *versions_table(recipe)]
            for recipe in ("ws2_ranked", "ws2", "mcnn_located", "frame_to_frame_unsure")
            if load(recipe)
        ),
        ["", "## What selection is worth: PA.v1 by training set", ""],
        arms_table(),
        ["", "## Which scores rank pseudo-annotations (Spearman with the true IoU of regions)", ""],
        scores_table(),
        ["", "## Classifiers and time", ""],
        classifiers_table(),
        sections(),
        step_table(),
        real_table(),
        i3d_table(),
        ["", "## What to make of it"],
        *(["", f"### {topic.rstrip()}"] for topic in notes),
    ]
    PAGE.write_text("\n".join(line for part in parts for line in part) + "\n")
    write_readme_table()


if __name__ == "__main__":
    main()
