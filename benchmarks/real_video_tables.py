"""Tables of what was measured on real video, for the page of results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.artifacts.tables import read_json

RESULTS = Path("docs/results")
Figures = dict[str, Any]


def cell(value: float | None, digits: int = 1) -> str:
    """A figure in a table; a dash for none."""
    return "-" if value is None else f"{value:.{digits}f}"


def real_table() -> list[str]:
    """The versions on real sequences; nothing where they were not run."""
    lines = []
    for recipe in ("ws2_ranked", "vscr", "mcnn"):
        path = RESULTS / f"davis-{recipe}.json"
        if path.is_file():
            figures = read_json(path)
            lines += ["", f"### `{recipe}`", "", *_real_versions(figures)]
            lines += _motion_bars(figures) if recipe == "mcnn" else []
            lines += ["", f"![The same frames at every version](results/davis-{recipe}.jpg)"]
    head = [
        "",
        "## Real video: DAVIS sequences from tags alone",
        "",
        "Measured by `python -m benchmarks.real_video <recipe>`, on training videos; motion",
        "segments on all frames of all videos. Before refinement: of `mcnn` the network's answer.",
    ]
    return [*head, *lines] if lines else []


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


def _motion_bars(figures: Figures) -> list[str]:
    """What M-CNN has to reach on the eight sequences: a line a bar."""
    v0, v1, v2 = (float(figures["versions"][v]["pa"]["jaccard"]) for v in ("v0", "v1", "v2"))
    bars = (  # PA.v0 is the motion segments of the training videos
        ("motion segments", figures["cues"]["motion"]["jaccard"], ">= 62", 62.0, 1),
        ("PA.v1 - PA.v0", v1 - v0, "> 0", 1e-9, 1),
        ("PA.v2 - PA.v1", v2 - v1, ">= 0", 0.0, 1),
        ("minutes", figures["minutes"], "<= 60", 60.0, -1),
    )
    lines = ["", "| figure | bar | value | holds |", "|---|---|---|---|"]
    for what, value, bar, limit, sign in bars:
        holds = "yes" if sign * value >= sign * limit else "**no**"
        lines.append(f"| {what} | {bar} | {value:.3f} | {holds} |")
    return lines


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
