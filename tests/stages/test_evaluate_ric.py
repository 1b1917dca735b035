"""Co-localisation: the object of each training frame, found a video a process."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from conf.compose import composed
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.superpixels import Superpixels
from pipeline.artifacts.tables import read_json, write_json
from pipeline.datasets.boxes import Box
from pipeline.evaluation.corloc import largest_box
from pipeline.networks.video_inference import segment_video
from pipeline.prediction.colocalisation import ColocaliseParams, object_mask
from pipeline.prediction.params import PredictionParams
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.parallel import parallel_map
from stages import evaluate_ric
from stages.segmenters import load_segmenter
from tests.tiny import write_frames, write_labels, write_superpixels
from tests.tiny_versions import write_segmenter, write_selection

PATHS = [Path(name) for name in ("frames", "superpixels", "truth", "pa", "chosen", "segmenter")]
FRAMES, SUPERPIXELS, TRUTH, PA, CHOSEN, SEGMENTER = PATHS
RECIPE = ["recipe=mcnn", "prediction.criterion=ric"]


@pytest.fixture
def frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Frames:
    monkeypatch.chdir(tmp_path)
    found = write_frames(FRAMES)
    write_superpixels(SUPERPIXELS, found)
    write_labels(TRUTH, found, {}, ("train", "val", "test"))
    write_selection(CHOSEN, write_labels(PA, found), found)
    write_segmenter(SEGMENTER, 70.0)
    return found


def test_each_box_meets_the_mask_of_its_frame(
    frames: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def found(item: tuple[str, list[int]], **_: Any) -> list[Box | None]:
        asked.append(item)
        # the square of frame n begins at column 4 + 2 n; that of frame 3 alone is found in video b
        rights = {"a": (1, 3), "b": (3,), "c": ()}[item[0]]
        return [Box(8, 4 + 2 * n, 20, 16 + 2 * n) if n in rights else None for n in item[1]]

    monkeypatch.setattr(evaluate_ric, "_locate", found)
    Path("params.yaml").write_text(yaml.safe_dump(composed([*RECIPE, "machine.jobs=1"])))
    evaluate_ric.run(*PATHS, Path("figures"))
    assert read_json(Path("figures/scores.json"))["model"]["corloc"] == 50
    assert asked == [("a", [1, 3]), ("b", [1, 3]), ("c", [1, 3])]


@pytest.mark.parametrize("jobs", [1, 2])
def test_objects_are_those_of_the_frames_one_by_one(frames: Frames, jobs: int) -> None:
    prediction = PredictionParams.model_validate(composed(RECIPE)["prediction"])
    params, machine = ColocaliseParams(high=0.5), MachineParams(threads=1, jobs=jobs)
    loaded = load_segmenter(SEGMENTER, "ric", machine)
    assert loaded is not None
    answers = [segment_video(loaded.model, frames, "b", [n], [3], prediction.rule) for n in (1, 3)]
    shift = float(np.median(answers[0].margin))  # half of what it sees is object
    shifts = [9.0, 9.0, 9.0, shift]
    both = {"alone": shifts, "with_prior": [8.0] * 4}
    description = read_json(SEGMENTER / "model.json") | {"background_shifts": {"ric": both}}
    write_json(SEGMENTER / "model.json", description)
    work = partial(
        evaluate_ric._locate,
        # absolute: worker processes of an earlier test stand in another folder
        frames=FRAMES.resolve(),
        superpixels=SUPERPIXELS.resolve(),
        model=SEGMENTER.resolve(),
        prediction=prediction,
        params=params,
        machine=machine,
    )
    _, found = parallel_map(work, [("a", [1]), ("b", [1, 3])], machine, "objects")
    for n, answer, box in zip((1, 3), answers, found, strict=True):
        regions = Superpixels(SUPERPIXELS).superpixels("b", n)
        mask = object_mask(frames.image("b", n), answer.probs(np.array(shifts))[0], regions, params)
        assert box == largest_box(mask)
    assert found[0] != found[1]
