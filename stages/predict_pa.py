"""Predict the next version of the pseudo-annotations."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from pipeline.artifacts.cues import Cues
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.models import Model
from pipeline.artifacts.selections import Selection
from pipeline.artifacts.superpixels import Superpixels
from pipeline.artifacts.tables import read_json
from pipeline.prediction.params import PredictionParams, PredictPaParams
from pipeline.prediction.read_evidence import Evidence
from pipeline.prediction.video_predictor import Predictor, read_predictor, read_predictor_alone
from pipeline.runtime.parallel import parallel_map, thread_map
from pipeline.runtime.reproducible import make_reproducible
from stages import cli, config


def run(
    frames: Frames,
    superpixels: Superpixels,
    pa: LabelMaps,
    selection: Selection,
    model: Model,
    cues: Cues,
    convergence: Path,
    version: str,
    out: Path,
) -> None:
    """Write ``version``, predicted by ``model``, which was trained on ``selection`` of ``pa``."""
    prediction = config.section("prediction", PredictionParams)
    params, machine = config.section("predict_pa", PredictPaParams), config.machine()
    make_reproducible(config.seed(), machine.threads)
    gate = read_json(convergence)
    predictor = read_predictor(model, prediction, params, machine)
    if predictor is None or gate["stop"]:
        last = pa.metadata.get("stopped_after") or gate["version"]
        print(f"PA.{version}: not predicted, the evolution stopped after {last}")
        LabelMaps.write_index(out, [], {"version": version, "stopped_after": last})
        return
    evidence = [
        Evidence(frames, v, frames.key_frames(v), superpixels, cues, version=version)
        for v in frames.tagged("train", "val")
    ]
    what = f"predict PA.{version}"
    if predictor.slow:
        alone = partial(read_predictor_alone, model, prediction, params, machine)
        work = partial(_write_alone, out=out, read=alone)
        rows = parallel_map(work, evidence, machine, what)
    else:  # the network is what takes time
        rows = thread_map(partial(_write, out=out, predictor=predictor), evidence, what)
    parents = {
        "version": version,
        "model": {
            "trained_on": gate["version"],
            "criterion": params.criterion,
            **model.history["best"][params.criterion],
        },
        "selection": selection.report,
        "initial_share": pa.metadata["initial_share"],
        "last": gate["last"],
    }
    LabelMaps.write_index(out, rows, parents)


def _write_alone(evidence: Evidence, out: Path, read: partial[Predictor]) -> dict[str, Any]:
    return _write(evidence, out, read())


def _write(evidence: Evidence, out: Path, predictor: Predictor) -> dict[str, Any]:
    """Predict and write the label maps of one video; its row of the index."""
    found = predictor.predict(evidence)
    numbers = evidence.numbers
    by_frame = [dict(zip(numbers, maps, strict=True)) for maps in (found.labels, found.initial)]
    return {"video": evidence.video, "rows": LabelMaps.write(out, evidence.video, *by_frame)}


if __name__ == "__main__":
    cli.run(run)
