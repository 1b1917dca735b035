"""Training over two devices: two processes of this machine's CPU."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.artifacts.tables import read_json

ROOT = Path(__file__).parents[2]
PROGRAM = """
import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

from pipeline.runtime.curves import training_curves
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.params import parse_params
from pipeline.runtime.resume import WorkFolder
from pipeline.training.batches import SampledBatches
from pipeline.training.loop import fit
from pipeline.training.optimisation import FitParams


class Line(SampledBatches):
    def sample(self, rng):
        x = torch.tensor(rng.random(3), dtype=torch.float32)
        return {"x": x, "y": x.sum(0, keepdim=True) + 1}


def loss(model, batch):
    return (model(batch["x"]) - batch["y"]).square().mean()


folder, devices = Path(sys.argv[1]), int(sys.argv[2])
params = {"epochs": 3, "steps": 5, "batch": 6, "optimiser": "sgd", "lr": 0.1, "momentum": 0.0,
          "weight_decay": 0.0, "policy": "constant", "ema": 0.5, "patience": None}
torch.manual_seed(0)
model = nn.Linear(3, 1)
with training_curves(folder / "curves") as log:
    fitted = fit(
        model,
        Line(7, 6),
        loss,
        parse_params(FitParams, params, "fit"),
        MachineParams(jobs=1, threads=1, devices=devices),
        evaluate=lambda m: {"bias": float(m.bias)},
        criteria=("bias",),
        on_epoch=log,
        work=WorkFolder(folder, {}),
    )
left = {"epochs": fitted.epochs, "weights": model.weight.tolist(), "best": fitted.best}
with (folder / "left.json").open("a") as file:
    file.write(json.dumps(left))
"""


def train(folder: Path, devices: int) -> dict[str, Any]:
    folder.mkdir()
    program = folder / "program.py"
    program.write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, str(program), str(folder), str(devices)],
        env={"PATH": "", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    (curve,) = (folder / "curves" / "plots" / "metrics").glob("bias.tsv")
    assert len(curve.read_text().splitlines()) == 4  # the head and three epochs
    assert json.loads((folder / "curves" / "metrics.json").read_text())["epoch"] == 3
    return read_json(folder / "left.json")  # fails if two processes have written


@pytest.mark.slow
def test_two_devices_learn_what_one_does(tmp_path: Path) -> None:
    one, two = train(tmp_path / "one", 1), train(tmp_path / "two", 2)
    assert two["weights"][0] == pytest.approx(one["weights"][0], abs=1e-5)
    for single, shared in zip(one["epochs"], two["epochs"], strict=True):
        assert shared == pytest.approx(single, abs=1e-5)  # the loss is that of both shares
    assert two["best"]["bias"] == pytest.approx(one["best"]["bias"], abs=1e-5)
    assert one["epochs"][0]["loss"] > 2 * one["epochs"][-1]["loss"]
