"""The next version of the labels: what corrects a network's answer, a video a process or not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import yaml

from conf.compose import composed
from pipeline.artifacts.cues import Cues
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.maps import Maps
from pipeline.artifacts.models import Model
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.artifacts.selections import Selection
from pipeline.artifacts.superpixels import Superpixels
from pipeline.artifacts.tables import read_json, write_json
from pipeline.networks.read_segmenter import read_segmenter
from pipeline.networks.video_inference import segment_video
from pipeline.prediction.answer import Answer
from pipeline.prediction.latent_labels import LatentParams, Shot, infer_labels
from pipeline.runtime.machine import MachineParams
from pipeline.vision.resizing import at_full_size
from pipeline.vision.superpixel_refinement import RefineParams, refine_labels
from stages import predict_pa
from tests.tiny import (
    TAXONOMY,
    label_map,
    write_cues,
    write_frames,
    write_labels,
    write_maps,
    write_superpixels,
)
from tests.tiny_versions import write_segmenter, write_selection

KEYS = [1, 3]
# so much that the network's answer outvotes colours that could not be more different
RECIPE = ["recipe=mcnn", "train_segmenter.objective.latent.alpha_finetune=1e6"]


class Inputs(NamedTuple):
    """What the stage is handed, in the order of its arguments."""

    frames: Frames
    superpixels: Superpixels
    pa: LabelMaps
    selection: Selection
    model: Model
    cues: Cues


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inputs:
    """Video b moves, as the square does; of the others there is no motion."""
    monkeypatch.chdir(tmp_path)
    frames, cues = write_frames(Path("frames")), Path("cues")
    moves = {n: label_map(1, n, 32, 40) > 0 for n in KEYS}
    still = {n: np.zeros_like(m) for n, m in moves.items()}
    rows = MotionSegments.write(cues / "motion", "b", moves, still)
    MotionSegments.write_index(cues / "motion", [{"video": "b", "rows": rows}])
    write_maps(cues / "action", {"c": {TAXONOMY.pairs[1][1]: {n: np.eye(4) for n in KEYS}}})
    write_json(Path("gate.json"), {"stop": False, "last": False, "version": "v0"})
    pa = write_labels(Path("pa"), frames)
    return Inputs(
        frames,
        write_superpixels(Path("superpixels"), frames),
        pa,
        write_selection(Path("chosen"), pa, frames),
        write_segmenter(Path("segmenter"), 70.0),
        write_cues(cues, "motion", "action"),
    )


def predict(inputs: Inputs, jobs: int, version: str, recipe: Sequence[str] = RECIPE) -> LabelMaps:
    overrides = [*recipe, "predict_pa.criterion=ric", f"machine.jobs={jobs}"]
    Path("params.yaml").write_text(yaml.safe_dump(composed(overrides)))
    out = Path(f"{version}-{jobs}").resolve()
    # absolute: worker processes of an earlier test stand in another folder
    predict_pa.run(*inputs, Path("gate.json"), version, out)
    return LabelMaps(out)


@pytest.mark.parametrize("version", ["v0", "v1"])
def test_what_moves_is_inferred_and_the_rest_predicted(inputs: Inputs, version: str) -> None:
    found, frames = predict(inputs, 1, version), inputs.frames
    assert found.videos == frames.tagged("train", "val")
    params = LatentParams.model_validate(composed(RECIPE)["predict_pa"]["latent_labels"])
    assert (params.alpha, params.alpha_finetune) == (1, 1e6)
    segmenter = read_segmenter(inputs.model, "ric", MachineParams())
    assert segmenter is not None
    motion = inputs.cues.need("motion", MotionSegments)
    segments, bands = (
        np.stack([read("b", n) for n in KEYS]) for read in (motion.segment, motion.boundary)
    )
    shot = Shot(frames.images("b", KEYS), segments, bands, np.ones_like(segments), [3])
    answers = {v: segment_video(segmenter, frames, v, KEYS, [3], "argmax") for v in ("b", "e")}
    probs = Answer.of(answers["b"]).probs().astype(np.float64)
    with_alpha = {
        "v0": infer_labels(shot, probs, 1.0, params),
        "v1": infer_labels(shot, probs, 1e6, params),
    }
    assert (with_alpha["v0"] != with_alpha["v1"]).any()
    said = {v: np.where(answer.margin > 0, 3, 0) for v, answer in answers.items()}
    assert (with_alpha["v0"] != said["b"]).any()
    for video, labels in (("b", with_alpha[version]), ("e", said["e"])):
        for i, n in enumerate(KEYS):
            assert np.array_equal(found.labels(video, n), labels[i])
            assert np.array_equal(found.initial(video, n), said[video][i])


def test_the_number_of_processes_changes_nothing(inputs: Inputs) -> None:
    for jobs in (1, 2):
        predict(inputs, jobs, "v1")
    one, two = (sorted(p for p in Path(out).rglob("*") if p.is_file()) for out in ("v1-1", "v1-2"))
    assert len(one) == 5  # four videos and the index
    for first, second in zip(one, two, strict=True):
        assert first.name == second.name and first.read_bytes() == second.read_bytes()


def test_the_action_maps_speak_with_the_bias_that_is_theirs(inputs: Inputs) -> None:
    # of the videos c alone has a map, the same for both of its labels
    frames = inputs.frames
    recipe = ["recipe=ws2_ranked", "prediction.rule=argmax", "prediction.action_prior.weight=3"]
    segmenter = read_segmenter(inputs.model, "ric", MachineParams())
    assert segmenter is not None
    stored = inputs.model.folder
    both = {"ric": {"with_tags": 1.5, "without_tags": 9.0}}
    description = read_json(stored / "model.json") | {"background_bias": both}
    write_json(stored / "model.json", description)
    found = predict(inputs._replace(model=Model(stored)), 1, "v1", recipe)
    regions = inputs.superpixels
    own = inputs.cues.need("action", Maps).maps("c", 1)[TAXONOMY.pairs[1][1]]
    enlarged = at_full_size([own], 32, 40)[0]
    assert enlarged.min() == 0 and enlarged.max() == 1
    refine = RefineParams(alpha=0.5, beta=0.4, overlap="superpixel")
    for video, prior in (("c", 3 * enlarged), ("b", np.zeros((32, 40)))):
        tags = frames.taxonomy.labels(frames.tags(video))
        answer = segment_video(segmenter, frames, video, KEYS, tags, "argmax")
        # what raises both labels alike raises the foreground as much and does not choose
        labels = np.where(answer.margin + prior > 1.5, answer.labels, 0).astype(np.uint8)
        for i, n in enumerate(KEYS):
            assert np.array_equal(found.initial(video, n), labels[i])
            refined = refine_labels(labels[i], regions.superpixels(video, n), refine, 4)
            assert np.array_equal(found.labels(video, n), refined)
        if video == "c":
            assert (np.where(answer.margin > 1.5, answer.labels, 0) != labels).any()


def test_a_recipe_without_action_maps(inputs: Inputs) -> None:
    """As with maps of no video: a prior that nothing speaks for is none."""
    recipe = ["recipe=ws2_ranked", "tags=objects", "prediction.action_prior.weight=3"]
    write_maps(Path("empty/action"), {})
    found = []
    for version, cues in (
        ("v1", write_cues(Path("none"))),
        ("v2", write_cues(Path("empty"), "action")),
    ):
        found.append(predict(inputs._replace(cues=cues), 1, version, recipe))
    without, empty = found
    assert without.videos == inputs.frames.tagged("train", "val")
    for video in without.videos:
        for n in KEYS:
            assert np.array_equal(without.labels(video, n), empty.labels(video, n))


def test_corrections_of_the_next_version_apply_in_the_order_of_the_list(inputs: Inputs) -> None:
    """What is inferred from motion is refined by superpixels, or takes the place of that."""
    orders = (
        ["latent_labels"],
        ["latent_labels", "superpixel_refinement"],
        ["superpixel_refinement", "latent_labels"],
    )
    alone, refined, last = (
        predict(inputs, 1, f"v{i}", ["recipe=mcnn", f"predict_pa.corrections=[{','.join(order)}]"])
        for i, order in enumerate(orders, 1)
    )
    refine = RefineParams(alpha=0.5, beta=0.4, overlap="superpixel")
    for n in KEYS:
        maps = [labels.labels("b", n) for labels in (alone, refined, last)]
        regions = inputs.superpixels.superpixels("b", n)
        assert np.array_equal(maps[0], maps[2])
        assert np.array_equal(maps[1], refine_labels(maps[0], regions, refine, 4))
        assert (maps[1] != maps[0]).any()  # the square's sides halve some superpixels


def test_the_version_says_what_it_was_made_by(inputs: Inputs) -> None:
    assert predict(inputs, 1, "v1").metadata == {
        "version": "v1",
        "model": {
            **{"trained_on": "v0", "criterion": "ric", "epoch": 2.0},
            **{"ric": 70.0, "rii": 60.0, "miou_pa": 40.0},
        },
        "selection": {"rule": "full", "selected": 6},
        "initial_share": 0.1,
        "last": False,
    }
