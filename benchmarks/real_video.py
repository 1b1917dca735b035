"""WS2 on real video with masks: run it on sequences in the DAVIS layout, keep figures and time.

    python -m benchmarks.real_video --root /data/davis --weights /data/vgg16_features.pth

The parameters are those of ``conf/dataset/davis.yaml``. Masks only measure. Figures and the picture
go to ``docs/results/davis.json`` and ``.jpg``; the parameters in the workspace are put back.
"""

from __future__ import annotations

import argparse
import subprocess
import time
from pathlib import Path

from benchmarks.demo_results import RESULTS, keep_picture
from pipeline.artifacts.tables import read_json, write_json


def main() -> None:
    """Run the pipeline and keep its summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="JPEGImages/, tags.csv, ...")
    parser.add_argument("--weights", type=Path, required=True, help="VGG-16 features")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    weights = "finetune_classifier.actor.weights"
    overrides = [
        "dataset=davis",
        f"dataset.root={arguments.root.resolve()}",
        f"{weights}.source=file",
        f"{weights}.path={arguments.weights.resolve()}",
        f"machine.threads={arguments.threads}",
        f"machine.jobs={arguments.threads}",
    ]
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
    write_json(RESULTS / "davis.json", figures)
    keep_picture(RESULTS / "davis.jpg")


if __name__ == "__main__":
    main()
