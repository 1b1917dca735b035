"""Where the object of a video is in each training frame, as a box (M-CNN, Section 4.5)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import chain, groupby
from pathlib import Path

from pipeline.artifacts.cues import Cues
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.models import Model
from pipeline.artifacts.superpixels import Superpixels
from pipeline.artifacts.tables import write_json
from pipeline.datasets.boxes import Box
from pipeline.evaluation.corloc import largest_box
from pipeline.evaluation.read_versions import annotated_keys, score_places
from pipeline.prediction.colocalisation import ColocaliseParams, object_mask
from pipeline.prediction.params import PredictionParams, PredictPaParams
from pipeline.prediction.read_evidence import Evidence
from pipeline.prediction.video_predictor import Predictor, read_predictor_alone
from pipeline.runtime.parallel import parallel_map
from stages import cli, config


def run(
    frames: Frames,
    superpixels: Superpixels,
    ground_truth: LabelMaps,
    pa: LabelMaps,
    model: Model,
    cues: Cues,
    out: Path,
) -> None:
    """Write the share of boxes that are right; nothing where no segmenter was trained."""
    if model.absent:
        write_json(out, {})
        return
    machine = config.machine()
    prediction = config.section("prediction", PredictionParams)
    last = config.section("predict_pa", PredictPaParams)
    keys = annotated_keys(ground_truth, pa, frames.tagged("train"))
    evidence = [
        Evidence(frames, v, [n for _, n in group], superpixels, cues)
        for v, group in groupby(keys, lambda key: key[0])
    ]
    work = partial(
        locate,
        read=partial(read_predictor_alone, model, prediction, last, machine),
        params=config.section("colocalise", ColocaliseParams),
    )
    boxes = parallel_map(work, evidence, machine, "objects")
    places = dict(zip(keys, chain(*boxes), strict=True))
    write_json(out, {"corloc": score_places(ground_truth, places)})


def locate(
    evidence: Evidence, read: Callable[[], Predictor], params: ColocaliseParams
) -> list[Box | None]:
    """Box of the object in some frames of a training video, whose tags are known."""
    answer = read().answer(evidence)
    frames = zip(evidence.images, answer.foreground_probs(), evidence.superpixels, strict=True)
    return [largest_box(object_mask(*of_frame, params)) for of_frame in frames]


if __name__ == "__main__":
    cli.run(run)
