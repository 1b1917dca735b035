"""Tables of what ``python -m benchmarks.ablations`` has measured, for the page of results."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple

from benchmarks.demo_results import SEEDS, Figures, former_note, stored
from pipeline.artifacts.tables import read_json

RESULTS = Path("docs/results")


def model_figure(name: str, version: str = "v0") -> Callable[[Figures], float]:
    """A figure of a version's model on the test videos."""
    return lambda figures: float(figures["versions"][version]["model"]["test"][name])


def pa_figure(name: str, version: str) -> Callable[[Figures], float]:
    """A figure of a pseudo-annotation on the training videos."""
    return lambda figures: float(figures["versions"][version]["pa"][name])


def cue_figure(figures: Figures) -> float:
    """Foreground IoU of the masks after aggregation."""
    return float(figures["cues"]["aggregated"]["iou_foreground"])


class Claim(NamedTuple):
    """One arm beats another, in the mean of the seeds."""

    recipe: str
    arm: str
    other: str
    what: str
    value: Callable[[Figures], float]


MCNN, FLOW = "mcnn_located", "frame_to_frame_unsure"
SAME_FRAMES = "these frames' own maps"
AA, ACTION = "miou_actor_action", "miou_action"
CLAIMS = [
    *(
        Claim("ws2_ranked", "whole", other, "PA.v3, actor-action", pa_figure(AA, "v3"))
        for other in ("without action prior", "epoch by RIC", "with action alignment")
    ),
    *(
        Claim("vscr", "whole", other, "model.v0, test, actor-action", model_figure(AA))
        for other in (
            *("without edges", "without tags", "without motion", "without unlabelled"),
            *("without relations", "DeepLab, labels alone", "ws2"),
        )
    ),
    Claim("vscr", "whole", "without motion", "model.v0, test, action", model_figure(ACTION)),
    Claim(MCNN, "soft", "hard", "model.v0, test, actor", model_figure("miou_actor")),
    Claim(MCNN, "soft", "hard", "model.v0, test, foreground", model_figure("iou_foreground")),
    Claim(MCNN, "soft", "hard", "PA.v1, actor", pa_figure("miou_actor", "v1")),
    Claim(FLOW, "K = 3", "K = 1", "masks after aggregation, foreground", cue_figure),
    Claim(FLOW, "K = 3", SAME_FRAMES, "the same on the same frames", cue_figure),
]


def load(recipe: str) -> dict[int, dict[str, Figures]]:
    """Figures of the arms by seed, and of a further baseline.

    The baseline of aggregated maps is the maps of the single frames, on the same frames.
    """
    found: dict[int, dict[str, Figures]] = {}
    for seed, path in stored(RESULTS, f"{recipe}-arms").items():
        found[seed] = read_json(path)
        if recipe == FLOW and "K = 3" in found[seed]:
            single = found[seed]["K = 3"]["cues"]["cam"]
            found[seed][SAME_FRAMES] = {"cues": {"aggregated": single}}
    return found


def claims_table() -> list[str]:
    """One line a claim: the difference of the arms for each seed, the mean, and whether it holds.

    The error of the mean is the standard deviation over the seeds by the root of their number.
    """
    heads = " | ".join(f"seed {s}" for s in SEEDS)
    lines = [f"| recipe | figure | arm | minus | {heads} | mean | holds |"]
    lines.append("|---|---|---|---|" + "---|" * len(SEEDS) + "---|---|")
    for claim in CLAIMS:
        gains = {}
        for seed, arms in load(claim.recipe).items():
            one, other = (
                _value(claim.value, arms.get(name, {})) for name in (claim.arm, claim.other)
            )
            if one is not None and other is not None:
                gains[seed] = one - other
        cells = [f"{gains[s]:+.1f}" if s in gains else "-" for s in SEEDS]
        average, holds = f"{mean(gains.values()):+.1f}" if gains else "-", "not all measured"
        if len(gains) == len(SEEDS):
            error = stdev(gains.values()) / sqrt(len(SEEDS))
            average += f" ± {error:.1f}"
            holds = "**no**"
            if mean(gains.values()) > 0:
                holds = "yes" if mean(gains.values()) > error else "yes, within the error"
        row = f"`{claim.recipe}` | {claim.what} | {claim.arm} | {claim.other}"
        lines.append(f"| {row} | {' | '.join(cells)} | {average} | {holds} |")
    return lines


def _value(read: Callable[[Figures], float], figures: Figures) -> float | None:
    """None where an arm has no such figure."""
    try:
        return read(figures)
    except (KeyError, TypeError):
        return None


def sections() -> list[str]:
    """The claims; nothing where nothing was measured."""
    recipes = dict.fromkeys(claim.recipe for claim in CLAIMS)
    if not any(load(recipe) for recipe in recipes):
        return []
    notes = former_note(RESULTS, *(f"{recipe}-arms" for recipe in recipes))
    caption = "By `python -m benchmarks.ablations <recipe>`; a mean with its standard error."
    head = ["", "## With and without their parts", "", " ".join([caption, *notes]), ""]
    return [*head, *claims_table()]
