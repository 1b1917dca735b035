"""Tables of what was measured on real video, for the page of results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipeline.artifacts.tables import read_json

RESULTS = Path("docs/results")
SEEDS = (0, 1, 2)
ALONE = 2  # threads of a run that had the machine to itself, whose time is a figure
Figures = dict[str, Any]


def cell(value: float | None, digits: int = 1) -> str:
    """A figure in a table; a dash for none."""
    return "-" if value is None else f"{value:.{digits}f}"


def real_table() -> list[str]:
    """The versions on real sequences; nothing where they were not run."""
    lines = []
    for recipe in ("ws2_ranked", "vscr", "mcnn"):
        by_seed = _load(recipe)
        for seed, figures in by_seed.items():
            lines += ["", f"### `{recipe}`, seed {seed}", "", *_real_versions(figures)]
            lines += [
                "",
                f"![The same frames at every version](results/{result_name(recipe, seed)}.jpg)",
            ]
        lines += _motion_bars(by_seed) if recipe == "mcnn" and by_seed else []
    head = [
        "",
        "## Real video: DAVIS sequences from tags alone",
        "",
        "Measured by `python -m benchmarks.real_video <recipe>`, on training videos; motion",
        "segments on all frames of all videos. Before refinement: of `mcnn` the network's answer.",
    ]
    return [*head, *lines] if lines else []


def result_name(recipe: str, seed: int) -> str:
    """Of the files that hold a run's figures and picture, without their suffixes."""
    return f"davis-{recipe}" + (f"-seed{seed}" if seed else "")


def _load(recipe: str) -> dict[int, Figures]:
    """Figures by seed; seeds without a file are left out."""
    paths = {seed: RESULTS / f"{result_name(recipe, seed)}.json" for seed in SEEDS}
    return {seed: read_json(path) for seed, path in paths.items() if path.is_file()}


def _real_versions(figures: Figures) -> list[str]:
    """One line a version, of the motion segments first where the recipe has any."""
    lines = [
        f"{figures['minutes']} minutes, {figures['threads']} thread(s).",
        "",
        "| version | PA mean Jaccard | the same before refinement | PA foreground IoU | PA mIoU | "
        "selected foreground IoU | frames selected % |",
        "|---|---|---|---|---|---|---|",
    ]
    motion = figures.get("cues", {}).get("motion")
    if motion:
        lines.append(f"| motion segments | {cell(motion['jaccard'])} | - | - | - | - | - |")
    for version, f in figures["versions"].items():
        p, s = f["pa"], f["selected"]
        cells = [p.get("jaccard"), p.get("jaccard_initial"), p["iou_foreground"], p["miou_actor"]]
        cells += [s["iou_foreground"], s["fraction"]]
        lines.append(f"| {version} | {' | '.join(cell(c) for c in cells)} |")
    return lines


def _motion_bars(by_seed: Mapping[int, Figures]) -> list[str]:
    """What M-CNN has to reach on the eight sequences: a line a bar, a column a seed."""
    bars: list[tuple[str, str, Callable[[float], bool]]] = [
        ("motion segments", ">= 62", lambda v: v >= 62),
        ("PA.v1 - PA.v0", "> 0", lambda v: v > 0),
        ("PA.v2 - PA.v1", ">= 0", lambda v: v >= 0),
        ("minutes", "<= 60", lambda v: v <= 60),
    ]
    measured = [_measured(figures) for figures in by_seed.values()]
    seeds = " | ".join(f"seed {seed}" for seed in by_seed)
    lines = ["", f"| `mcnn` | bar | {seeds} | holds |", f"|{'---|' * (3 + len(by_seed))}"]
    for what, bar, reaches in bars:
        values = [m[what] for m in measured]
        holds = "yes" if all(reaches(v) for v in values if v is not None) else "**no**"
        lines.append(f"| {what} | {bar} | {' | '.join(cell(v, 3) for v in values)} | {holds} |")
    return lines


def _measured(figures: Figures) -> dict[str, float | None]:
    """What the bars of motion look at; PA.v0 is the motion segments of the training videos."""
    v0, v1, v2 = (float(figures["versions"][v]["pa"]["jaccard"]) for v in ("v0", "v1", "v2"))
    return {
        "motion segments": figures["cues"]["motion"]["jaccard"],
        "PA.v1 - PA.v0": v1 - v0,
        "PA.v2 - PA.v1": v2 - v1,
        "minutes": figures["minutes"] if figures["threads"] == ALONE else None,
    }


def i3d_table() -> list[str]:
    """Share of I3D's maps inside the masks of real sequences; nothing where it was not measured."""
    path = RESULTS / "i3d-cam.json"
    if not path.is_file():
        return []
    figures = read_json(path)
    lines = [
        "",
        "## Real video: 3D Grad-CAM of I3D (Kinetics) on DAVIS sequences",
        "",
        "Measured by `python -m benchmarks.i3d_cam`: the share of the map inside the mask,",
        "the mask's share of the frame, and their ratio, for the network's own first choice.",
        "",
        "| sequence | class | probability | map inside mask | mask | ratio |",
        "|---|---|---|---|---|---|",
    ]
    for name, f in figures["sequences"].items():
        cells = [cell(f[k], 2) for k in ("probability", "inside", "mask_share", "ratio")]
        lines.append(f"| {name} | {f['class']} | {' | '.join(cells)} |")
    return [*lines, "", f"Mean ratio {figures['mean_ratio']:.2f} (bar: at least 2)."]
