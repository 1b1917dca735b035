"""The figures of all versions as a summary, a table, plot data and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.models import read_history
from pipeline.artifacts.tables import read_json, write_json
from pipeline.evaluation.overlay import ReportParams, overlay, sheet
from pipeline.evaluation.summary import epoch_curves, summarise, text_table, version_curves
from pipeline.runtime.reproducible import derive_seed
from stages import cli, config


def run(
    frames: Frames,
    ground_truth: LabelMaps,
    pa: Path,
    classifiers: Path | None,
    segmenters: Path,
    figures: Path,
    corloc: Path | None,
    cues: Path,
    summary: Path,
    plots: Path,
    out: Path,
) -> None:
    """Write ``summary`` (JSON), ``plots`` (CSV) and ``out`` (table, pictures)."""
    values = config.read_parameters()
    params = config.section("report", ReportParams)
    versions = list(values["versions"])
    found = summarise(
        {k: values[k]["name"] for k in ("recipe", "dataset")} | {"seed": config.seed()},
        _classifiers(classifiers, list(values["classifiers"])),
        {v: _figures(figures / v, corloc and corloc / f"{v}.json") for v in versions},
        read_json(cues),
    )
    write_json(summary, found)
    made = list(found["versions"])
    plots.mkdir(parents=True, exist_ok=True)
    histories = {v: read_history(segmenters / v) for v in made}
    epoch_curves(histories).to_csv(plots / "epochs.csv", index=False)
    version_curves(found).to_csv(plots / "versions.csv", index=False)
    trained = [v for v in made if "model" in found["versions"][v]]
    regions = (figures / trained[-1] / "regions.csv").read_text()
    (plots / "confusion.csv").write_text(regions)
    out.mkdir(parents=True, exist_ok=True)
    (out / "table.txt").write_text(text_table(found))
    picture = _evolution(frames, ground_truth, [pa / v for v in made], params)
    cv2.imwrite(str(out / "evolution.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))


def _classifiers(folder: Path | None, trained: list[str]) -> dict[str, Any]:
    """History of the classifier of each branch; empty of one that the recipe does not train."""
    return {
        branch: read_history(folder / branch) if folder and branch in trained else {}
        for branch in ("actor", "action")
    }


def _figures(folder: Path, corloc: Path | None) -> dict[str, Any]:
    """Figures of a version, with those of co-localisation where the recipe has it."""
    found = read_json(folder / "scores.json")
    if corloc is not None and "model" in found:
        found["model"] |= read_json(corloc)
    return found


def _evolution(
    prepared: Frames, truth: LabelMaps, versions: list[Path], params: ReportParams
) -> np.ndarray:
    """A frame of each of some training videos, both drawn at random, at every version."""
    labels = [LabelMaps(v) for v in versions]
    videos = [v for v in prepared.tagged("train") if all(v in m for m in labels)]
    rng = np.random.default_rng(derive_seed(config.seed(), "report"))
    rows: list[tuple[str, list[Any]]] = []
    for i in sorted(rng.permutation(len(videos))[: params.videos].tolist()):
        keys = labels[0].frames(videos[i])  # later versions have these frames and more
        n = keys[int(rng.integers(len(keys)))]
        image = prepared.image(videos[i], n)
        maps = [m.labels(videos[i], n) for m in labels]
        if truth.videos:
            known = videos[i] in truth and n in truth.frames(videos[i])
            maps.append(truth.labels(videos[i], n) if known else np.zeros_like(maps[0]))
        tags = " ".join(sorted("-".join(t) for t in prepared.tags(videos[i])))
        pictures = [image, *(overlay(image, m, prepared.taxonomy) for m in maps)]
        rows.append((f"{videos[i]}: {tags}", pictures))
    names = [f"PA.{v.name}" for v in versions] + (["human"] if truth.videos else [])
    return sheet(rows, ["frame", *names], params.height)


if __name__ == "__main__":
    cli.run(run)
