r"""Run a recipe on real sequences in the DAVIS layout; keep its figures and its time.

    python -m benchmarks.real_video ws2_ranked --root /data/davis --weights /data/vgg16_features.pth
    python -m benchmarks.real_video mcnn_located --root /data/davis \
        --weights /data/vgg16_features.pth --precision bf16-mixed
    python -m benchmarks.real_video vscr --root /data/davis --weights /data/vgg16_features.pth \
        --motion-weights /data/i3d.pt

The sizes are those of ``conf/dataset/davis.yaml``, or of ``davis_320.yaml`` for a recipe that
trains no classifier. Masks only measure. Figures and the picture go to
``docs/results/davis-<recipe>.json`` and ``.jpg``, those of seeds other than 0 to
``davis-<recipe>-seed<n>``; the parameters in the workspace are put back.
"""

from __future__ import annotations

import argparse
import subprocess
import time
from pathlib import Path

from benchmarks.ablations import without_videos
from benchmarks.demo_results import RESULTS, keep_picture
from pipeline.artifacts.tables import read_json, write_json

CLASSIFIER = "finetune_classifier.actor.weights"
# where a recipe's VGG-16 starts: in the classifier, or in the segmenter where there is none
VGG_OF = {"ws2_ranked": CLASSIFIER, "vscr": CLASSIFIER, "mcnn_located": "train_segmenter.weights"}
MOTION = "two_stream.motion.weights.path"


def result_name(recipe: str, seed: int) -> str:
    """Name of the files with a run's figures and picture, without their suffixes."""
    return f"davis-{recipe}" + (f"-seed{seed}" if seed else "")


def main() -> None:
    """Run the pipeline and keep its summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", choices=VGG_OF)
    parser.add_argument("--root", type=Path, required=True, help="JPEGImages/, tags.csv, ...")
    parser.add_argument("--weights", type=Path, required=True, help="VGG-16 features")
    parser.add_argument("--motion-weights", type=Path, help="I3D, for vscr")
    parser.add_argument("--precision", default="32-true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    weights = VGG_OF[arguments.recipe]
    overrides = [
        f"recipe={arguments.recipe}",
        f"dataset={'davis_320' if weights != CLASSIFIER else 'davis'}",
        f"dataset.root={arguments.root.resolve()}",
        f"{weights}.source=file",
        f"{weights}.path={arguments.weights.resolve()}",
        f"machine.threads={arguments.threads}",
        f"machine.jobs={arguments.threads}",
        f"machine.precision={arguments.precision}",
        f"seed={arguments.seed}",
    ]
    if arguments.motion_weights is not None:
        overrides.append(f"{MOTION}={arguments.motion_weights.resolve()}")
    before = Path("params.yaml").read_bytes()
    start = time.monotonic()
    try:
        settings = [word for override in overrides for word in ("-S", override)]
        subprocess.run(["dvc", "exp", "run", *settings], check=True)
    finally:
        Path("params.yaml").write_bytes(before)
    minutes = round((time.monotonic() - start) / 60, 1)
    figures = read_json(Path("metrics/summary.json"))
    figures |= {"minutes": minutes, "threads": arguments.threads}
    name = result_name(arguments.recipe, arguments.seed)
    write_json(RESULTS / f"{name}.json", without_videos(figures))
    keep_picture(RESULTS / f"{name}.jpg")


if __name__ == "__main__":
    main()
