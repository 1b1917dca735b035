"""Run the recipes on the demo for several seeds and keep their figures.

    python -m benchmarks.demo_results --recipes ws2_ranked ws2 --seeds 0 1 2

For each seed and recipe: ``python -m conf.compose recipe=... seed=...`` and ``dvc repro``, which is
what is timed; then the summary is copied to ``docs/results/<recipe>-seed<n>.json``; after
``ws2_ranked`` the arms of ``selection_arms`` run too. What is in DVC's cache is not computed again:
the minutes of the first recipe of a seed are those of a run from scratch, the second one finds all
that comes before PA.v0.
``python -m benchmarks.results_page`` turns the files into ``docs/results.md``. The parameters in
the workspace are put back at the end.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

import cv2

from pipeline.artifacts.tables import read_json, write_json
from pipeline.runtime.errors import InputError

RESULTS = Path("docs/results")
SUMMARY = Path("metrics/summary.json")


def run_recipe(recipe: str, seed: int, threads: int | None) -> None:
    """Run one recipe and keep its summary, with the time it took where the machine was its own."""
    overrides = [f"recipe={recipe}", f"seed={seed}"]
    if threads is not None:
        overrides += [f"machine.threads={threads}", f"machine.jobs={threads}"]
    subprocess.run([sys.executable, "-m", "conf.compose", *overrides], check=True)
    start = time.monotonic()
    subprocess.run(["dvc", "repro"], check=True)
    minutes = round((time.monotonic() - start) / 60, 1)
    summary = read_json(SUMMARY) | {"minutes": None if threads else minutes}
    write_json(RESULTS / f"{recipe}-seed{seed}.json", summary)


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
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--no-arms", action="store_true")
    parser.add_argument(
        "--threads", type=int, help="of one run beside others; its time is not kept then"
    )
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
