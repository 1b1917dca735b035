"""Run the recipes on the demo for several seeds and keep their figures; say what is stored.

    python -m benchmarks.demo_results --recipes ws2_ranked ws2 --seeds 0 1 2

For each seed and recipe: ``python -m conf.compose recipe=... seed=...`` and ``dvc repro``; then the
summary is copied to ``docs/results/<recipe>-seed<n>.json``; after ``ws2_ranked`` the arms of
``selection_arms`` run too. What is in DVC's cache is not computed again.
``python -m benchmarks.results_page`` turns the files into ``docs/results.md``. The parameters in
the workspace are put back at the end.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import cv2

from benchmarks.ablations import Arm, settings_of
from pipeline.artifacts.tables import read_json, write_json
from pipeline.runtime.errors import InputError

RESULTS = Path("docs/results")
SUMMARY = Path("metrics/summary.json")
SEEDS = (0, 1, 2)
Figures = dict[str, Any]


class Former(NamedTuple):
    """Settings of stored figures that differ from those of the recipe now.

    ``name`` is the name of their files, ``how`` what was different (only the name if empty), and
    ``seeds`` those that have not been measured again.
    """

    name: str
    how: str
    seeds: tuple[int, ...] = SEEDS


_VSCR = (
    "actors away in a quarter of the videos only, larger networks (`small_resnet`), 160 steps an "
    "epoch, and PA.v0 from Grad-CAM of actors and actions by Otsu's threshold"
)
_MCNN = (
    "a location weight of 1 instead of 3, no floor, blur and smoothness of its own, batches and "
    "shots of 8 frames, and a tenth of the learning rate"
)
# By the name of files as they are written now: `<recipe>`, `<recipe>-arms`, `davis-<recipe>`. Where
# figures have been measured again under the same name, take the seed or the entry out. A file under
# the new name takes precedence over one under the former name; whoever renames old files renames
# them here, too.
FORMER = {
    "ws2": Former(
        "ws2",
        "four settings of ours: the rule `actor` instead of argmax, tag anchor, class anchor, and "
        "superpixel refinement of what is predicted",
        (1, 2),
    ),
    "vscr": Former("vscr", _VSCR, (0,)),
    "vscr-arms": Former("vscr-arms", _VSCR),
    "mcnn_located": Former("mcnn", _MCNN),
    "mcnn_located-arms": Former("mcnn-arms", _MCNN),
    "frame_to_frame_unsure": Former("frame_to_frame", ""),
    "frame_to_frame_unsure-arms": Former("frame_to_frame-arms", ""),
    "davis-ws2_ranked": Former(
        "davis-ws2_ranked",
        "a class anchor, an area of half of PA.v0's, one Otsu threshold, 40 percent of the frames, "
        "and the epoch by RIC",
    ),
    "davis-mcnn_located": Former("davis-mcnn", ""),
}


def stored(folder: Path, name: str) -> dict[int, Path]:
    """The files of figures that there are, by seed, under today's name or a former one."""
    names = (name, FORMER[name].name) if name in FORMER else (name,)
    found = {}
    for seed in SEEDS:
        for own in names:
            tail = "" if own.startswith("davis-") and seed == 0 else f"-seed{seed}"
            path = folder / f"{own}{tail}.json"
            if path.is_file() and seed not in found:
                found[seed] = path
    return found


def former_seeds(folder: Path, name: str) -> set[int]:
    """Seeds whose figures were measured with other settings than the recipe has now."""
    if name not in FORMER or not FORMER[name].how:
        return set()
    own, _, seeds = FORMER[name]
    files = stored(folder, name)
    return {s for s in seeds if s in files and files[s].stem in (own, f"{own}-seed{s}")}


def former_note(folder: Path, *names: str) -> list[str]:
    """One line a name whose figures, or some of them, were measured with other settings."""
    lines = []
    for name in names:
        seeds = former_seeds(folder, name)
        if seeds:
            recipe = name.removeprefix("davis-").removesuffix("-arms")
            lines.append(
                f"`{recipe}` as measured here ({name_seeds(seeds)}) still had {FORMER[name].how}; "
                f"see `conf/recipe/{recipe}.yaml` for what it is now."
            )
    return lines


def name_seeds(seeds: Iterable[int]) -> str:
    """``seed 0`` or ``seeds 0, 1, 2``."""
    numbers = [str(s) for s in sorted(seeds)]
    return f"seed{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}"


def run_recipe(recipe: str, seed: int, threads: int | None) -> None:
    """Run one recipe on its demo and keep its summary."""
    overrides = [*settings_of(recipe, Arm("whole")), f"seed={seed}"]
    if threads is not None:
        overrides += [f"machine.threads={threads}", f"machine.jobs={threads}"]
    subprocess.run([sys.executable, "-m", "conf.compose", *overrides], check=True)
    subprocess.run(["dvc", "repro"], check=True)
    write_json(RESULTS / f"{recipe}-seed{seed}.json", read_json(SUMMARY))


def keep_picture(path: Path) -> None:
    """The report's picture of all versions as a JPEG, a tenth of its size."""
    picture = cv2.imread("metrics/report/evolution.png")
    if picture is None:
        raise InputError("metrics/report/evolution.png is missing; run dvc repro")
    cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, 88])


def main() -> None:
    """Run all that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipes", nargs="+", default=["ws2_ranked", "ws2"])
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--no-arms", action="store_true")
    parser.add_argument("--threads", type=int, help="of a run that has other work beside it")
    arguments = parser.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    before = Path("params.yaml").read_bytes()
    try:
        for seed in arguments.seeds:
            for recipe in arguments.recipes:
                run_recipe(recipe, seed, arguments.threads)
                if recipe == "ws2_ranked" and not arguments.no_arms:
                    out = RESULTS / f"arms-seed{seed}.json"
                    out.unlink(missing_ok=True)
                    arms = [sys.executable, "-m", "benchmarks.selection_arms", "--out", str(out)]
                    subprocess.run(arms, check=True)
                keep_picture(RESULTS / f"{recipe}-seed{seed}.jpg")
    finally:
        Path("params.yaml").write_bytes(before)


if __name__ == "__main__":
    main()
