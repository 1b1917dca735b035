"""How long threads should spin while they wait: a training step of the demo's segmenter.

    python -m benchmarks.waiting_threads [--beside]

OpenMP's settings are read once by a process, so each is measured in processes of its own, which
take turns; figures are the least of their medians, and ratios to threads that never spin. With
``--beside`` another process keeps one core busy all the time. ``stages/__init__.py`` has the one
that the stages use.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NEVER = "never"
SETTINGS: dict[str, dict[str, str]] = {
    NEVER: {"OMP_WAIT_POLICY": "PASSIVE"},
    "2000": {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "2000"},
    "5000": {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "5000"},
    "10000": {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "10000"},
    "as OpenMP has it": {},
}
BATCH, HEIGHT, WIDTH, LABELS = 12, 80, 112, 13  # of the demo's segmenter


def step_seconds(steps: int, threads: int) -> float:
    """Median time of a training step in this process; the first fifth does not count."""
    import torch
    from torch.nn import functional as F

    from benchmarks.relation_step import medians
    from pipeline.networks.memory import channels_last
    from pipeline.networks.segmenters import SegmenterParams, build_segmenter
    from pipeline.runtime.allocator import keep_freed_memory
    from pipeline.runtime.reproducible import make_reproducible
    from pipeline.training.optimisation import FitParams, make_optimiser

    keep_freed_memory()
    make_reproducible(0, threads)
    network = SegmenterParams(backbone="small_bagnet", output_stride=4, rates=(1, 2, 3, 4))
    model = channels_last(build_segmenter(network, LABELS)).train()
    fit = {"epochs": 1, "steps": steps, "batch": BATCH, "optimiser": "adamw", "lr": 0.003}
    optimiser = make_optimiser(model, FitParams.model_validate(fit))
    images = channels_last(torch.randn(BATCH, 3, HEIGHT, WIDTH))
    labels = torch.randint(0, LABELS, (BATCH, HEIGHT, WIDTH))

    def step() -> None:
        loss = F.cross_entropy(model(images).logits, labels)
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimiser.step()

    for _ in range(steps // 5):
        step()
    return medians({"step": step}, steps)["step"]


def measured(arguments: Sequence[str], setting: Mapping[str, str]) -> float:
    """Seconds of a step in a new process with these settings and no others of OpenMP."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "GOMP_"))}
    command = [sys.executable, "-m", "benchmarks.waiting_threads", "--alone", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=kept | dict(setting), stdout=subprocess.PIPE, text=True, check=True
    )
    return float(done.stdout)


@contextmanager
def busy_core(wanted: bool) -> Iterator[None]:
    """A process beside that always computes, where it is wanted."""
    beside = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if wanted else None
    try:
        yield
    finally:
        if beside is not None:
            beside.kill()
            beside.wait()


def table(seconds: Mapping[str, Sequence[float]]) -> str:
    """A line for each setting: its name, milliseconds, ratio to threads that never spin."""
    least = {name: min(values) for name, values in seconds.items()}
    lines = [f"{'spins':18} {'ms':>7} {'ratio':>6}"]
    lines += [f"{n:18} {1000 * s:7.1f} {s / least[NEVER]:6.2f}" for n, s in least.items()]
    return "\n".join(lines)


def main() -> None:
    """Measure all settings in turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--beside", action="store_true", help="another process keeps a core busy")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)  # one process of it
    arguments = parser.parse_args()
    if arguments.alone:
        print(step_seconds(arguments.steps, arguments.threads))
        return
    passed = ["--steps", str(arguments.steps), "--threads", str(arguments.threads)]
    seconds: dict[str, list[float]] = {name: [] for name in SETTINGS}
    with busy_core(arguments.beside):
        for _ in range(arguments.rounds):
            for name, setting in SETTINGS.items():
                seconds[name].append(measured(passed, setting))
    print(table(seconds))


if __name__ == "__main__":
    main()
