"""Write ``docs/results.md`` from the figures in ``docs/results/``: which bars hold, and tables.

    python -m benchmarks.results_page

What was measured with settings that a recipe no longer has stands in ``demo_results.FORMER``.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterable, Mapping
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import NamedTuple

from benchmarks.ablation_tables import sections
from benchmarks.demo_results import (
    SEEDS,
    Figures,
    former_note,
    former_seeds,
    name_seeds,
    stored,
)
from pipeline.artifacts.tables import read_json
from pipeline.evaluation.summary import text_table

RESULTS = Path("docs/results")
PAGE = Path("docs/results.md")
README = Path("README.md")
RECIPES = ("ws2_ranked", "ws2", "vscr", "mcnn_located", "frame_to_frame_unsure")
REAL = tuple(f"davis-{recipe}" for recipe in ("ws2_ranked", "vscr", "mcnn_located"))
AA, ACTOR, FOREGROUND = "miou_actor_action", "miou_actor", "iou_foreground"
TRIED = tuple(
    f"[{name}](tried/{page}.md)"
    for name, page in (
        ("`ws2` and `ws2_ranked`", "ws2"),
        ("`vscr`", "vscr"),
        ("`mcnn`", "mcnn"),
        ("`frame_to_frame`", "frame_to_frame"),
        ("real video", "real-video"),
        ("the demo", "demo"),
    )
)

# No figures here: what follows has to be read off the tables.
FOLLOWS = (
    "Selection pays on the demo: a network that learns from a quarter of the pseudo-annotations, "
    "chosen by scores that rank them, makes better masks than one that learns from all of them or "
    "from as many at random, on every seed, and a choice by the human masks would gain more.",
    "`ws2_ranked` gains from version to version on every seed, and more than half of what it gains "
    "is left without the action prior, which is worth more than its other parts.",
    "`ws2` as published, measured again on one seed only, gains with its first version and loses "
    "with later ones, since networks trained for minutes spread their answer over the actions of "
    "an actor, none of which beats the background by itself ([tried](tried/ws2.md)).",
    "In `vscr` the motion stream is worth more than anything else, for a single frame hardly shows "
    "an action, while its contrastive relations together do not pay on the demo "
    "([tried](tried/vscr.md)).",
    "For objects, soft labels from motion are better than hard ones ([tried](tried/mcnn.md)), and "
    "what helps in aggregation along optical flow is the label filter, not the union of maps "
    "([tried](tried/frame_to_frame.md)).",
    "All of this says that the machinery works, not how good it is: we made the demo and chose "
    "settings with an eye on the human masks of its training videos ([how](tried/demo.md)), and on "
    "eight real sequences the masks of `ws2_ranked` get worse, while those of M-CNN gain some "
    "tenths of a point over the motion that they are made from ([tried](tried/real-video.md)).",
)


def cell(value: float | None, digits: int = 1) -> str:
    """A figure in a table; a dash for none."""
    return "-" if value is None else f"{value:.{digits}f}"


def load(name: str) -> dict[int, Figures]:
    """Figures by seed; seeds without a file are left out."""
    return {seed: read_json(path) for seed, path in stored(RESULTS, name).items()}


def pa(figures: Figures, version: str, key: str = AA) -> float:
    """A figure of a PA version: mIoU actor-action, or another one."""
    return float(figures["versions"][version]["pa"][key])


def step(first: str, second: str, key: str = AA) -> Callable[[Figures], float]:
    """By how much a PA version is better than another."""
    return lambda figures: pa(figures, second, key) - pa(figures, first, key)


def gain(figures: Figures) -> float:
    """Selected minus full at v0."""
    return float(figures["versions"]["v0"]["selected"][AA]) - pa(figures, "v0")


def worst_step(figures: Figures) -> float:
    """Smallest change from one PA version to the next."""
    values = [pa(figures, v) for v in figures["versions"]]
    return min(b - a for a, b in itertools.pairwise(values))


def arm_gain(arm: str, other: str) -> Callable[[Figures], float]:
    """PA.v1 of one arm minus PA.v1 of another, each the mean over its trainings."""
    return lambda figures: fmean(f[AA] for f in figures[arm]) - fmean(f[AA] for f in figures[other])


def rank_correlation(figures: Figures) -> float:
    """Of the selection's score with the true IoU at v0."""
    return float(figures["versions"]["v0"]["selected"]["rank_correlation"])


HOLDS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
}


class Bar(NamedTuple):
    """What a figure has to reach in every seed: ``relation`` to the ``limit``.

    ``seeded``: whether there is one file per seed; else a single one.
    """

    name: str
    what: str
    value: Callable[[Figures], float]
    relation: str
    limit: float
    seeded: bool = True

    def holds(self, value: float) -> bool:
        """Whether a seed's value reaches the bar."""
        return HOLDS[self.relation](value, self.limit)

    def measured(self) -> dict[int, float]:
        """Values by seed; under 0 if the figure has no seed."""
        if self.seeded:
            return {seed: self.value(figures) for seed, figures in load(self.name).items()}
        path = RESULTS / f"{self.name}.json"
        return {0: self.value(read_json(path))} if path.is_file() else {}


MOTION = "davis-mcnn_located"
BARS = [
    Bar("ws2", "PA.v1 - PA.v0", step("v0", "v1"), ">=", 3.0),
    Bar("ws2_ranked", "PA.v3 - PA.v0", step("v0", "v3"), ">=", 7.0),
    Bar("ws2_ranked", "smallest step between versions", worst_step, ">=", -1.0),
    Bar("ws2_ranked", "selected - full at v0", gain, ">=", 3.0),
    Bar("ws2_ranked", "rank correlation of the score at v0", rank_correlation, ">=", 0.40),
    Bar("arms", "PA.v1: selected - all", arm_gain("recipe", "full"), ">=", 1.0),
    Bar("arms", "PA.v1: selected - random", arm_gain("recipe", "random"), ">=", 1.0),
    Bar("arms", "PA.v1: oracle - all", arm_gain("oracle", "full"), ">=", 3.0),
    Bar(MOTION, "motion segments", lambda f: f["cues"]["motion"]["jaccard"], ">=", 62.0),
    Bar(MOTION, "PA.v1 - PA.v0, mean Jaccard", step("v0", "v1", "jaccard"), ">", 0.0),
    Bar(MOTION, "PA.v2 - PA.v1, mean Jaccard", step("v1", "v2", "jaccard"), ">=", 0.0),
    Bar("i3d-cam", "map inside mask / mask, mean", lambda f: f["mean_ratio"], ">=", 2.0, False),
]


def bars_table() -> list[str]:
    """One line a bar: its value for each seed and whether it holds for all of them.

    A star marks what was measured with settings that the recipe no longer has, and does not count.
    """
    lines = ["| of | figure | bar | seeds 0, 1, 2 | holds |", "|---|---|---|---|---|"]
    for bar in BARS:
        found, former = bar.measured(), former_seeds(RESULTS, bar.name)
        seeds = SEEDS if bar.seeded else (0,)
        cells = [f"{found[s]:.2f}{'*' * (s in former)}" if s in found else "-" for s in seeds]
        own = {s: value for s, value in found.items() if s not in former}
        holds = "yes" if len(own) == len(seeds) else "not all measured"
        if not all(map(bar.holds, own.values())):
            holds = "**no**"
        limit = f"{bar.relation} {bar.limit:g}"
        lines.append(f"| `{bar.name}` | {bar.what} | {limit} | {', '.join(cells)} | {holds} |")
    return lines


def spread(values: Iterable[float | None], digits: int = 1) -> str:
    """A mean with its standard error, one value as it is, a dash for none."""
    known = [v for v in values if v is not None]
    if len(known) < 2:
        return cell(known[0] if known else None, digits)
    error = stdev(known) / sqrt(len(known))
    return f"{fmean(known):z.{digits}f} ± {error:.{digits}f}"  # z: no minus before zero


def alike(name: str) -> list[dict[int, Figures]]:
    """Groups of figures that may be averaged: with current settings, and with former ones."""
    figures, former = load(name), former_seeds(RESULTS, name)
    parts = ({s: f for s, f in figures.items() if (s in former) is was} for was in (False, True))
    return [part for part in parts if part]


def label(version: str, seeds: Mapping[int, Figures], parts: int) -> str:
    """Of a row: the version, and where there are two kinds of seeds which of them."""
    return version if parts == 1 else f"{version}, {name_seeds(seeds)}"


def versions_table(recipe: str) -> list[str]:
    """One line a version: means over the seeds."""
    head = (
        "| version | PA actor-action | PA actor | PA foreground | selected actor-action | "
        "rank correlation | test actor-action | test actor | test foreground |"
    )
    lines = [head, "|" + "---|" * head.count(" | ") + "---|"]
    parts = alike(recipe)
    for part in parts:
        for version in next(iter(part.values()))["versions"]:
            found = [f["versions"][version] for f in part.values() if version in f["versions"]]
            # the last version of some recipes has no model
            tests = [f.get("model", {}).get("test", {}) for f in found]
            cells = [
                *(spread(f["pa"][k] for f in found) for k in (AA, ACTOR, FOREGROUND)),
                spread(f["selected"][AA] for f in found),
                spread((f["selected"]["rank_correlation"] for f in found), 2),
                *(spread(t.get(k) for t in tests) for k in (AA, ACTOR, FOREGROUND)),
            ]
            lines.append(f"| {label(version, part, len(parts))} | {' | '.join(cells)} |")
    return lines


def recipe_section(recipe: str) -> list[str]:
    """A recipe's table, and how it was measured; nothing where it was not."""
    figures = load(recipe)
    if not figures:
        return []
    several = ", a mean with its standard error" if len(figures) > 1 else ""
    notes = [f"{name_seeds(figures).capitalize()}{several}.", *former_note(RESULTS, recipe)]
    return ["", f"## `{recipe}`", "", " ".join(notes), "", *versions_table(recipe)]


def arms_table() -> list[str]:
    """PA.v1 of each arm: the mean over seeds of the means of its trainings."""
    by_seed = load("arms")
    lines = ["| trained on | frames | actor-action | more than all | foreground |"]
    lines.append("|---|---|---|---|---|")
    for arm in dict.fromkeys(arm for arms in by_seed.values() for arm in arms):
        found = [arms for arms in by_seed.values() if arm in arms]
        frames = fmean(f["frames"] for arms in found for f in arms[arm])
        means, foreground = (
            spread(fmean(f[k] for f in arms[arm]) for arms in found) for k in (AA, FOREGROUND)
        )
        more = spread(arm_gain(arm, "full")(a) for a in found if "full" in a and arm != "full")
        lines.append(f"| {arm} | {frames:.0f} | {means} | {more} | {foreground} |")
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
        "By `python -m benchmarks.relation_step`, without the motion stream: medians, 10 crops of "
        "224x224. Bar: at most 1.5 times.",
        "",
        "| backbone | embeddings | pixels | clusters | cross-entropy s | relations s | ratio |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, f in read_json(path).items():
        cells = [cell(f[k], 2) for k in ("cross_entropy", "relations", "ratio")]
        counts = f"{f['width']} | {f['pixels']} | {f['clusters']}"
        lines.append(f"| {name} | {counts} | {' | '.join(cells)} |")
    return lines


def real_table() -> list[str]:
    """The versions on real sequences, of motion segments first where a recipe has any."""
    lines = [
        "| recipe | seeds | version | mean Jaccard | before refinement | foreground IoU | mIoU |",
        "|---|---|---|---|---|---|---|",
    ]
    keys = ("jaccard", "jaccard_initial", FOREGROUND, ACTOR)
    for name in REAL:
        for part in alike(name):
            seeds = ", ".join(map(str, part))
            row = f"| `{name.removeprefix('davis-')}` | {seeds} | "
            motion = [f.get("cues", {}).get("motion") for f in part.values()]
            if all(motion):
                mean = spread(m["jaccard"] for m in motion if m)
                lines.append(f"{row}motion segments | {mean} | - | - | - |")
            for version in next(iter(part.values()))["versions"]:
                found = [f["versions"][version]["pa"] for f in part.values()]
                cells = " | ".join(spread(f.get(k) for f in found) for k in keys)
                lines.append(f"{row}{version} | {cells} |")
    return lines


def real_section() -> list[str]:
    """What was measured on real sequences; nothing where nothing was."""
    if not any(load(name) for name in REAL):
        return []
    pictures = (
        f"[`{name.removeprefix('davis-')}`](results/{path.with_suffix('.jpg').name})"
        for name in REAL
        for path in list(stored(RESULTS, name).values())[:1]
    )
    return [
        "",
        "## Real video: eight DAVIS sequences from tags alone",
        "",
        "Measured by `python -m benchmarks.real_video <recipe>`, on training videos; motion "
        "segments on all frames of all videos. Before refinement: of `mcnn_located` the network's "
        f"answer. Pictures: {', '.join(pictures)}.",
        *former_note(RESULTS, *REAL),
        "",
        *real_table(),
    ]


def write_readme_table() -> None:
    """The tables of both recipes, seed 0, between the marks of the README."""
    text = README.read_text()
    start, end = "<!-- table -->\n", "<!-- /table -->"
    head, rest = text.split(start)
    _, tail = rest.split(end)
    tables = []
    for recipe in ("ws2_ranked", "ws2"):
        if 0 in load(recipe):
            tables.append(f"```\n{text_table(load(recipe)[0])}```\n")
            if 0 in former_seeds(RESULTS, recipe):
                tables.append("\n".join([*former_note(RESULTS, recipe), ""]))
    README.write_text(head + start + "\n".join(tables) + end + tail)


def page() -> str:
    """The page; its prose is :data:`FOLLOWS`."""
    starred = any(former_seeds(RESULTS, bar.name) for bar in BARS)
    parts = [
        ["# Results", ""],
        [
            "Written by `python -m benchmarks.results_page` from `docs/results/`, where the JSON "
            "files have every seed, class, score and arm. Those on the demo come from `python -m "
            "benchmarks.demo_results`. Percent; mIoU with the background; where tags name objects, "
            "actor-action is actor."
        ],
        ["What was tried without success: " + ", ".join(TRIED) + "."],
        ["A star: with settings that the recipe no longer has; see its table."] if starred else [],
        ["", "## Bars", ""],
        bars_table(),
        *(recipe_section(recipe) for recipe in RECIPES),
        ["", "## What selection is worth: PA.v1 by training set", ""],
        [
            "Means of three trainings a seed (`python -m benchmarks.selection_arms`); `recipe` is "
            "the selection of `ws2_ranked`, `oracle` as many frames chosen by the human masks.",
            "",
        ],
        arms_table(),
        sections(),
        step_table(),
        real_section(),
        ["", "## What follows", ""],
        [f"{number}. {sentence}" for number, sentence in enumerate(FOLLOWS, start=1)],
    ]
    return "\n".join(line for part in parts for line in part) + "\n"


def main() -> None:
    """Write the page, and the tables of the README."""
    PAGE.write_text(page())
    write_readme_table()


if __name__ == "__main__":
    main()
