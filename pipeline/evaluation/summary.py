"""The summary of a run: figures of all versions as one value, as a text table, as plot data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

Figures = Mapping[str, Any]
MIOU = ("miou_actor_action", "miou_actor", "miou_action", "iou_foreground")


def summarise(
    header: Figures,
    classifiers: Mapping[str, Figures],
    versions: Mapping[str, Figures],
    cues: Figures,
) -> dict[str, Any]:
    """The content of ``metrics/summary.json``; percent, correlations from -1 to 1.

    Args:
        header: recipe, dataset, seed.
        classifiers: by branch the history of its training.
        versions: by version the figures of its evaluation, in order, without ``model`` where no
            segmenter is trained on the last one; versions after a stop hold ``stopped_after`` alone
            and are left out.
        cues: figures of what the first version was made from; those that were not measured are
            left out.
    """
    accuracies = {
        branch: {k: history.get(k) for k in ("val_accuracy", "test_accuracy")}
        for branch, history in classifiers.items()
    }
    made = {v: dict(f) for v, f in versions.items() if "stopped_after" not in f}
    return {
        **header,
        "classifiers": accuracies,
        "cues": dict(cues),
        "versions": made,
        "stopped_after": list(made)[-1] if made else None,
    }


def text_table(summary: Figures) -> str:
    """The table of versions that a person reads."""
    scores = f"{'act-act':>7} {'actor':>7} {'foregr':>7}"
    chosen = f"{'act-act':>7} {'foregr':>7} {'frames%':>7} {'rank':>7}"
    sets = f"{'PA, train':^23}  {'selected PA, train':^31}  {'model':^16}  {'model, test':^23}"
    lines = [
        f"{'':4}  {sets}",
        f"{'':4}  {scores}  {chosen}  {'epoch':>7} {'RIC':>7}   {scores}",
    ]
    for version, f in summary["versions"].items():
        pa, selected, model = f["pa"], f["selected"], f.get("model", {})
        test = model.get("test", {})
        cells = [
            f"{version:4} ",
            *(_cell(pa[k]) for k in ("miou_actor_action", "miou_actor", "iou_foreground")),
            "",
            *(_cell(selected[k]) for k in ("miou_actor_action", "iou_foreground", "fraction")),
            _cell(selected["rank_correlation"], 2),
            "",
            _cell(model.get("best_epoch"), 0),
            _cell(model.get("ric")),
            " ",
            *(_cell(test.get(k)) for k in ("miou_actor_action", "miou_actor", "iou_foreground")),
        ]
        lines.append(" ".join(cells))
    accuracies = ", ".join(
        f"{branch} {_cell(_first(a['test_accuracy'], a['val_accuracy'])).strip()}"
        for branch, a in sorted(summary["classifiers"].items(), reverse=True)  # actor first
    )
    lines.append(
        f"\nIn percent (rank: correlation of the selection's score with the true IoU). "
        f"Recipe {summary['recipe']}, data set {summary['dataset']}, seed {summary['seed']}. "
        f"Classifier accuracy: {accuracies}."
    )
    return "\n".join(lines) + "\n"


def epoch_curves(histories: Mapping[str, Figures]) -> pd.DataFrame:
    """RIC, RII and mIoU_PA by version and epoch, a row an epoch."""
    rows = [
        {"version": version, **values, "epoch": int(values["epoch"])}
        for version, history in histories.items()
        for values in history.get("epochs", [])
    ]
    return pd.DataFrame(rows, columns=["version", "epoch", "loss", "ric", "rii", "miou_pa"])


def version_curves(summary: Figures) -> pd.DataFrame:
    """Scores by version, mIoU and foreground IoU: of the PA, its selected part, the model."""
    rows = []
    for version, f in summary["versions"].items():
        sets = {"PA": f["pa"], "selected PA": f["selected"]}
        if "model" in f:
            sets["model on test"] = f["model"]["test"]
        for name, scores in sets.items():
            rows.append({"version": version, "of": name, **{k: scores[k] for k in MIOU}})
    return pd.DataFrame(rows, columns=["version", "of", *MIOU])


def _first(*values: float | None) -> float | None:
    """The first value that is not None."""
    return next((v for v in values if v is not None), None)


def _cell(value: float | None, digits: int = 1) -> str:
    return f"{'-':>7}" if value is None else f"{value:7.{digits}f}"
