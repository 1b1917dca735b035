"""Recipes with and without their parts, on the demo, for several seeds.

    python -m benchmarks.ablations vscr --seeds 0 1 2

Each arm is one ``dvc exp run -S recipe=... -S seed=...`` with the overrides below, so what arms
share is computed once. Its figures go to ``docs/results/<recipe>-arms-seed<n>.json``: the summary,
without the Jaccard of every video. Arms that ask for cues alone stop before any training.
``python -m benchmarks.results_page`` turns the files into tables. The parameters in the workspace
are put back at the end.
"""

from __future__ import annotations

import argparse
import subprocess
import time
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.artifacts.tables import read_json, write_json

RESULTS = Path("docs/results")
SUMMARY, CUES = Path("metrics/summary.json"), Path("metrics/cues.json")
ONCE = "check_convergence.last=v0"  # one training
CONTRASTIVE = "train_segmenter.objective.contrastive"
WEIGHT = f"{CONTRASTIVE}.relations.weight"


class Arm(NamedTuple):
    """A name, what is different from the recipe, and whether cues are all that is looked at.

    ``recipe``: another one on the same videos, to compare with.
    """

    name: str
    overrides: tuple[str, ...] = ()
    cues: bool = False
    recipe: str | None = None


ARMS = {
    "ws2_ranked": (
        Arm("whole"),
        Arm("without action prior", ("prediction.corrections=[area_anchor]",)),
        Arm("epoch by RIC", ("predict_pa.criterion=ric",)),
        Arm("with action alignment", ("predict_pa.corrections=[superpixel_refinement,alignment]",)),
    ),
    "vscr": (  # Table 3 of the paper
        Arm("whole"),
        Arm("without edges", (f"{WEIGHT}.edge=0",)),
        Arm("without tags", (f"{WEIGHT}.tag=0",)),
        Arm("without motion", ("two_stream.motion=null",)),
        Arm("without unlabelled", (f"{CONTRASTIVE}.unlabelled=false",)),
        # what is left are the two streams and the labels of the activation maps
        Arm(
            "without relations",
            (
                *(f"{WEIGHT}.{r}=0" for r in ("cam", "edge", "tag")),
                f"{CONTRASTIVE}.unlabelled=false",
            ),
        ),
        Arm(
            "DeepLab, labels alone",
            (
                "train_segmenter.objective.name=proxy_labels",
                "train_segmenter.network.two_stream=null",
            ),
        ),
        Arm("ws2", ("versions=two",), recipe="ws2"),
    ),
    "mcnn_located": (  # Table 1
        Arm("soft", (ONCE,)),
        Arm("hard", (ONCE, "train_segmenter.objective.latent.motion=hard")),
        Arm("fine-tuned"),
    ),
    "frame_to_frame_unsure": (  # Fig. 5a
        Arm("K = 3", cues=True),
        Arm("K = 1", ("cues.aggregated_actor.frames=1",), cues=True),
        Arm("whole"),
    ),
}


DATASETS = {
    "mcnn_located": "demo_objects",
    "frame_to_frame_unsure": "demo_objects",
}  # else the demo


def settings_of(recipe: str, arm: Arm) -> list[str]:
    """The overrides of an arm, but for the seed."""
    dataset = [f"dataset={DATASETS[recipe]}"] if recipe in DATASETS else []
    return [f"recipe={arm.recipe or recipe}", *dataset, *arm.overrides]


def run_arm(recipe: str, arm: Arm, seed: int, threads: int | None) -> dict[str, Any]:
    """Run one arm and return its figures, with its minutes and threads.

    What arms share is computed by the first of them: its minutes are those of the recipe.
    """
    overrides = [*settings_of(recipe, arm), f"seed={seed}"]
    if threads is not None:
        overrides += [f"machine.threads={threads}", f"machine.jobs={threads}"]
    settings = [word for override in overrides for word in ("-S", override)]
    start = time.monotonic()
    target = ["evaluate_cues"] if arm.cues else []
    subprocess.run(["dvc", "exp", "run", *settings, *target], check=True)
    minutes = round((time.monotonic() - start) / 60, 1)
    figures = {"cues": read_json(CUES)} if arm.cues else read_json(SUMMARY)
    return {**without_videos(figures), "minutes": minutes, "threads": threads}


def without_videos(figures: Any) -> Any:
    """Figures without those of every single video."""
    if not isinstance(figures, dict):
        return figures
    return {k: without_videos(v) for k, v in figures.items() if k != "by_video"}


def main() -> None:
    """Run all that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", choices=ARMS)
    parser.add_argument("--arms", nargs="+", help="names of some arms; all without it")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument(
        "--threads", type=int, help="of a run that has other work beside it; all without it"
    )
    arguments = parser.parse_args()
    before = Path("params.yaml").read_bytes()
    try:
        for seed in arguments.seeds:
            out = RESULTS / f"{arguments.recipe}-arms-seed{seed}.json"
            results = read_json(out) if out.is_file() else {}
            for arm in ARMS[arguments.recipe]:
                if arguments.arms is None or arm.name in arguments.arms:
                    results[arm.name] = run_arm(arguments.recipe, arm, seed, arguments.threads)
                    write_json(out, results)
    finally:
        Path("params.yaml").write_bytes(before)


if __name__ == "__main__":
    main()
