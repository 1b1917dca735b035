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
MODULE = "benchmarks.waiting_threads"
SETTINGS: dict[str, dict[str, str]] = {
    "never": {"OMP_WAIT_POLICY": "PASSIVE"},
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


def measured(module: str, arguments: Sequence[str], setting: Mapping[str, str]) -> float:
    """Seconds that a process of a benchmark prints, with these settings of threads alone."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "GOMP_", "OPENBLAS_"))}
    command = [sys.executable, "-m", module, "--alone", *arguments]
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


def in_turns(
    module: str,
    arguments: Sequence[str],
    settings: Mapping[str, Mapping[str, str]],
    rounds: int,
    beside: bool,
) -> dict[str, list[float]]:
    """Seconds by setting, each measured once a round."""
    seconds: dict[str, list[float]] = {name: [] for name in settings}
    with busy_core(beside):
        for _ in range(rounds):
            for name, setting in settings.items():
                seconds[name].append(measured(module, arguments, setting))
    return seconds


def table(title: str, seconds: Mapping[str, Sequence[float]]) -> str:
    """A line for each setting: its name, the least milliseconds, their ratio to the first's."""
    least = {name: min(values) for name, values in seconds.items()}
    first = next(iter(least.values()))
    lines = [f"{title:18} {'ms':>7} {'ratio':>6}"]
    lines += [f"{n:18} {1000 * s:7.1f} {s / first:6.2f}" for n, s in least.items()]
    return "\n".join(lines)


def parser_of(description: str | None) -> argparse.ArgumentParser:
    """What the command lines of settings of threads have in common."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--beside", action="store_true", help="another process keeps a core busy")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)  # one process of it
    return parser


def main() -> None:
    """Measure all settings in turns and print the table."""
    parser = parser_of(__doc__)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    if arguments.alone:
        print(step_seconds(arguments.steps, arguments.threads))
        return
    passed = ["--steps", str(arguments.steps), "--threads", str(arguments.threads)]
    seconds = in_turns(MODULE, passed, SETTINGS, arguments.rounds, arguments.beside)
    print(table("spins", seconds))


if __name__ == "__main__":
    main()
