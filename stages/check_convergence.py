"""Stop rules over versions: whether there is a next pseudo-annotation, and if it is the last."""

from __future__ import annotations

from pathlib import Path

from pipeline.artifacts.models import Model
from pipeline.artifacts.tables import write_json
from pipeline.evaluation.convergence import ConvergenceParams, has_converged
from stages import cli, config


def run(model: Model, before: Model | None, version: str, out: Path) -> None:
    """Compare the best RIC of ``model``, trained on ``version``, with that of ``before``."""
    params = config.section("check_convergence", ConvergenceParams)
    stop = has_converged(_best_ric(model), _best_ric(before), params.tolerance)
    write_json(out, {"stop": stop, "last": version == params.last, "version": version})


def _best_ric(model: Model | None) -> float | None:
    """Best RIC of a training; None for a model that has none."""
    best = model.history.get("best", {}).get("ric") if model is not None else None
    return float(best["ric"]) if best else None


if __name__ == "__main__":
    cli.run(run)
