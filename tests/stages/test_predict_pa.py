"""Labels of a version that agree with motion: inferred a video a process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml

from conf.compose import composed
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.maps import Maps
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.artifacts.superpixels import Superpixels
from pipeline.artifacts.tables import read_json, write_json
from pipeline.prediction.params import PredictionParams
from pipeline.prediction.video_prediction import Known, infer_video, predict_video, read_known
from pipeline.runtime.machine import MachineParams
from stages import predict_pa
from stages.segmenters import load_segmenter
from tests.tiny import (
    TAXONOMY,
    label_map,
    write_frames,
    write_labels,
    write_maps,
    write_superpixels,
)
from tests.tiny_versions import write_segmenter, write_selection

PATHS = [
    Path(name) for name in ("frames", "superpixels", "pa", "chosen", "segmenter", "cam", "motion")
]
FRAMES, SUPERPIXELS, PA, CHOSEN, SEGMENTER, CAM, MOTION = PATHS
KEYS = [1, 3]
# so much that the network's answer outvotes colours that could not be more different
RECIPE = ["recipe=mcnn", "train_segmenter.objective.latent.alpha_finetune=1e6"]


@pytest.fixture
def frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Frames:
    """Video b moves, as the square does; of the others there is no motion."""
    monkeypatch.chdir(tmp_path)
    found = write_frames(FRAMES)
    write_superpixels(SUPERPIXELS, found)
    write_selection(CHOSEN, write_labels(PA, found), found)
    write_segmenter(SEGMENTER, 70.0)
    moves = {n: label_map(1, n, 32, 40) > 0 for n in KEYS}
    still = {n: np.zeros_like(m) for n, m in moves.items()}
    rows = MotionSegments.write(MOTION, "b", moves, still)
    MotionSegments.write_index(MOTION, [{"video": "b", "rows": rows}])
    write_maps(CAM, {"c": {TAXONOMY.pairs[1][1]: {n: np.eye(4) for n in KEYS}}})
    write_json(Path("gate.json"), {"stop": False, "last": False, "version": "v0"})
    return found


def predict(jobs: int, version: str, recipe: Sequence[str] = RECIPE) -> LabelMaps:
    overrides = [*recipe, "prediction.criterion=ric", f"machine.jobs={jobs}"]
    Path("params.yaml").write_text(yaml.safe_dump(composed(overrides)))
    out = Path(f"{version}-{jobs}").resolve()
    # absolute: worker processes of an earlier test stand in another folder
    predict_pa.run(*(path.resolve() for path in (*PATHS, Path("gate.json"))), version, out)
    return LabelMaps(out)


@pytest.mark.parametrize("version", ["v0", "v1"])
def test_what_moves_is_inferred_and_the_rest_predicted(frames: Frames, version: str) -> None:
    found = predict(1, version)
    assert found.videos == frames.tagged("train", "val")
    params = PredictionParams.model_validate(composed(RECIPE)["prediction"])
    latent = params.latent
    assert latent is not None
    segmenter = load_segmenter(SEGMENTER, "ric", MachineParams())
    assert segmenter is not None
    parts = (*segmenter, frames, MotionSegments(MOTION), "b", KEYS, [3])
    with_alpha = {
        "v0": infer_video(*parts, latent.alpha, latent),
        "v1": infer_video(*parts, latent.alpha_finetune, latent),
    }
    assert (with_alpha["v0"].labels != with_alpha["v1"].labels).any()
    inferred = with_alpha[version]
    regions = Superpixels(SUPERPIXELS)
    predicted = predict_video(*segmenter, frames, regions, "e", KEYS, params, Known([3]))
    for video, expected in (("b", inferred), ("e", predicted)):
        for i, n in enumerate(KEYS):
            assert np.array_equal(found.labels(video, n), expected.labels[i])
            assert np.array_equal(found.initial(video, n), expected.initial[i])
    assert (with_alpha["v0"].labels != inferred.initial).any()


def test_the_number_of_processes_changes_nothing(frames: Frames) -> None:
    for jobs in (1, 2):
        predict(jobs, "v1")
    one, two = (sorted(p for p in Path(out).rglob("*") if p.is_file()) for out in ("v1-1", "v1-2"))
    assert len(one) == 5  # four videos and the index
    for first, second in zip(one, two, strict=True):
        assert first.name == second.name and first.read_bytes() == second.read_bytes()


def test_tags_have_the_shares_of_the_version_before(frames: Frames) -> None:
    # video c has two tags, of which the labels before show the first only
    recipe = ["recipe=ws2", "prediction.tag_anchor=true", "prediction.align=null"]
    found, segmenter = predict(1, "v1", recipe), load_segmenter(SEGMENTER, "ric", MachineParams())
    assert segmenter is not None
    params = PredictionParams.model_validate(composed(recipe)["prediction"])
    tags = frames.taxonomy.labels(frames.tags("c"))
    before = np.stack([LabelMaps(PA).labels("c", n) for n in KEYS])
    parts = (*segmenter, frames, Superpixels(SUPERPIXELS), "c", KEYS, params)
    anchored = predict_video(*parts, Known(tags, before=before))
    free = predict_video(*parts, Known(tags))
    assert (anchored.labels != free.labels).any()
    assert np.array_equal(np.stack([found.labels("c", n) for n in KEYS]), anchored.labels)


def test_the_action_maps_speak_with_the_shifts_that_are_theirs(frames: Frames) -> None:
    # of the videos c alone has a map; half of what is seen with it is foreground
    recipe = ["recipe=ws2_ranked", "prediction.action_prior=3"]
    segmenter = load_segmenter(SEGMENTER, "ric", MachineParams())
    assert segmenter is not None
    params = PredictionParams.model_validate(composed(recipe)["prediction"])
    known = read_known(frames, Maps(CAM), LabelMaps(PA), "c", KEYS, params)
    assert known.actions is not None and known.actions.shape == (2, 2, 32, 40)
    assert known.actions.any()
    shifts = np.array([0.0, 1.5, 1.5, 1.5])
    description = read_json(SEGMENTER / "model.json")
    both = {"alone": [9.0] * 4, "with_prior": shifts.tolist()}
    write_json(SEGMENTER / "model.json", description | {"background_shifts": {"ric": both}})
    found = predict(1, "v1", recipe)
    regions = Superpixels(SUPERPIXELS)
    for video, own in (("c", known), ("b", Known([3]))):
        made = predict_video(segmenter.model, shifts, frames, regions, video, KEYS, params, own)
        for i, n in enumerate(KEYS):
            assert np.array_equal(found.initial(video, n), made.initial[i])
            assert np.array_equal(found.labels(video, n), made.labels[i])
    alone = predict_video(
        segmenter.model, shifts, frames, regions, "c", KEYS, params, Known(known.labels)
    )
    assert (np.stack([found.initial("c", n) for n in KEYS]) != alone.initial).any()
