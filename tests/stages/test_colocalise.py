"""Co-localisation: the object of each training frame, found a video a process."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import yaml

from conf.compose import composed
from pipeline.artifacts.cues import Cues
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.models import Model, write_absent_model
from pipeline.artifacts.superpixels import Superpixels
from pipeline.artifacts.tables import read_json, write_json
from pipeline.datasets.boxes import Box
from pipeline.evaluation.corloc import largest_box
from pipeline.networks.read_segmenter import read_segmenter
from pipeline.networks.video_inference import segment_video
from pipeline.prediction.colocalisation import ColocaliseParams, object_mask
from pipeline.prediction.params import PredictionParams, PredictPaParams
from pipeline.prediction.read_evidence import Evidence
from pipeline.prediction.video_predictor import Predictor, read_predictor_alone
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.parallel import parallel_map
from stages import colocalise
from tests.tiny import write_cues, write_frames, write_labels, write_superpixels
from tests.tiny_versions import write_segmenter

RECIPE = ["recipe=mcnn", "predict_pa.criterion=ric"]


class Inputs(NamedTuple):
    """What the stage is handed, in the order of its arguments."""

    frames: Frames
    superpixels: Superpixels
    truth: LabelMaps
    pa: LabelMaps
    model: Model
    cues: Cues


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inputs:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(yaml.safe_dump(composed([*RECIPE, "machine.jobs=1"])))
    frames = write_frames(Path("frames"))
    return Inputs(
        frames,
        write_superpixels(Path("superpixels"), frames),
        write_labels(Path("truth"), frames, {}, ("train", "val", "test")),
        write_labels(Path("pa"), frames),
        write_segmenter(Path("segmenter"), 70.0),
        write_cues(Path("cues")),
    )


def test_each_box_meets_the_mask_of_its_frame(
    inputs: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def found(
        evidence: Evidence, read: Callable[[], Predictor], params: ColocaliseParams
    ) -> list[Box | None]:
        asked.append((evidence.video, list(evidence.numbers), evidence.labels))
        assert evidence.cues is inputs.cues  # with which corrections were calibrated
        assert read().rule == "foreground" and params == ColocaliseParams(alpha=7.0)
        # the square of frame n begins at column 4 + 2 n; that of frame 3 alone is found in video b
        rights = {"a": (1, 3), "b": (3,), "c": ()}[evidence.video]
        return [
            Box(8, 4 + 2 * n, 20, 16 + 2 * n) if n in rights else None for n in evidence.numbers
        ]

    own = [*RECIPE, "machine.jobs=1", "prediction.rule=foreground", "colocalise.alpha=7"]
    Path("params.yaml").write_text(yaml.safe_dump(composed(own)))

    monkeypatch.setattr(colocalise, "locate", found)
    colocalise.run(*inputs, Path("figures/corloc.json"))
    assert read_json(Path("figures/corloc.json")) == {"corloc": 50}
    # with the labels of the tags, which are known of a training video
    assert asked == [("a", [1, 3], (1,)), ("b", [1, 3], (3,)), ("c", [1, 3], (2, 3))]


def test_nothing_is_found_where_no_segmenter_was_trained(
    inputs: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(*_: Any, **__: Any) -> list[Box | None]:
        raise AssertionError("there is nothing to ask")

    monkeypatch.setattr(colocalise, "locate", found)
    write_absent_model(Path("none"), "stopped after v1")
    absent = inputs._replace(model=Model(Path("none")))
    colocalise.run(*absent, Path("figures/corloc.json"))
    assert read_json(Path("figures/corloc.json")) == {}


@pytest.mark.parametrize("jobs", [1, 2])
def test_objects_are_those_of_the_frames_one_by_one(inputs: Inputs, jobs: int) -> None:
    """After what every prediction goes through, and before what the next version alone gets."""
    frames, superpixels, model = inputs.frames, inputs.superpixels, inputs.model
    prediction = PredictionParams(corrections=("area_anchor",))
    last = PredictPaParams(corrections=("superpixel_refinement",))
    params, machine = ColocaliseParams(high=0.5), MachineParams(threads=1, jobs=jobs)
    loaded = read_segmenter(model, "ric", machine)
    assert loaded is not None
    margins = [segment_video(loaded, frames, "b", [n], [3], "argmax").margin[0] for n in (1, 3)]
    bias = float(np.median(margins[0]))  # half of what it sees is object
    both = {"with_tags": bias, "without_tags": 9.0}
    description = read_json(model.folder / "model.json") | {"background_bias": {"ric": both}}
    write_json(model.folder / "model.json", description)
    # readers find their artifact from any folder a worker stands in
    read = partial(read_predictor_alone, model, prediction, last, machine)
    work = partial(colocalise.locate, read=read, params=params)
    evidence = [Evidence(frames, v, keys, superpixels) for v, keys in (("a", [1]), ("b", [1, 3]))]
    _, found = parallel_map(work, evidence, machine, "objects")
    for n, margin, box in zip((1, 3), margins, found, strict=True):
        probs = 1 / (1 + np.exp(bias - margin.astype(np.float64)))
        regions = superpixels.superpixels("b", n)
        mask = object_mask(frames.image("b", n), probs, regions, params)
        assert box == largest_box(mask)
    assert found[0] != found[1]
