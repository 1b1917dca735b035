from __future__ import annotations

import copy
from typing import Any

import pytest

from conf.compose import composed
from pipeline.runtime.errors import InputError
from stages.schema import NULLABLE, SECTIONS, check_all


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    """A recipe without flow: what needs some says so."""
    return composed(["recipe=ws2"])


@pytest.fixture
def values(whole: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(whole)


def put(values: dict[str, Any], name: str, value: object) -> None:
    *groups, last = name.split(".")
    for group in groups:
        if values[group] is None:  # a part that the recipe does not need
            values[group] = {}
        values = values[group]
    values[last] = value


def test_the_demo_is_right(values: dict[str, Any]) -> None:
    check_all(composed([]))
    before = copy.deepcopy(values)
    check_all(values)
    assert values == before


@pytest.mark.parametrize(
    "name, value, message",
    [
        (
            "prepare_frames.setp",
            2,
            "unknown parameter prepare_frames.setp; allowed here: annotated_keys, codec,",
        ),
        ("dataset.layuot", "a2d", "unknown parameter dataset.layuot; allowed here: actions, "),
        ("prediction.refine.alhpa", 1, "unknown parameter prediction.refine.alhpa; allowed here:"),
        ("extract_cam.actr", {}, "unknown parameter extract_cam.actr; allowed here: action, actor"),
        ("select_pa.rule", "full", "unknown parameter select_pa.rule; allowed here: discriminator"),
        ("train_segmentor", {}, "unknown section train_segmentor in params.yaml; known: "),
        ("finetune_classifier.action.fit.steps", "ten", "finetune_classifier.action.fit.steps = "),
        (
            "train_segmenter.augment.crop",
            [80],
            "parameter train_segmenter.augment.crop.1 is missin",
        ),
        ("compute_superpixels.segments", 0, "parameter compute_superpixels.segments = 0: input"),
        ("select_pa.selection.fraction", 1.5, "parameter select_pa.selection.fraction = 1.5: "),
        ("machine.accelerator", "tpu", "parameter machine.accelerator = 'tpu': input should be 'c"),
        ("refine_superpixels.cues", "both", "parameter refine_superpixels.cues = 'both': input"),
        ("finetune_classifier.actor.network", "i4d", "finetune_classifier.actor.network = 'i4d': "),
        (
            "dataset.layout",
            "kinetics",
            "parameter dataset.layout = 'kinetics': use one of a2d, davis, folder, voc, youtube_o",
        ),
        ("dataset", "a2d", "section dataset of params.yaml must hold parameters, got 'a2d'"),
        ("dataset.images", "voc", "parameter dataset.images = 'voc': use null, or a layout and a"),
        ("inputs.images", None, "parameter inputs.images = None is not dataset.images.root; run"),
        ("inputs", None, "parameter inputs.images = None is not dataset.images.root; run python"),
        ("seed", -1, "parameter seed = -1: use a whole number from 0"),
        ("seed", "x", "parameter seed = 'x': use a whole number from 0"),
        ("report", None, "section report of params.yaml must hold parameters, got None"),
        (
            "finetune_classifier.actor",
            "vgg16",
            "section finetune_classifier.actor of params.yaml must hold parameters, got 'vgg16'",
        ),
        ("extract_cam.action", None, "section extract_cam.action of params.yaml must hold"),
    ],
)
def test_one_wrong_parameter_is_one_line(
    values: dict[str, Any], name: str, value: object, message: str
) -> None:
    put(values, name, value)
    with pytest.raises(InputError) as error:
        check_all(values)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["seed", "recipe", "dataset", "inputs", "versions", "transitions"])
def test_a_missing_section(values: dict[str, Any], name: str) -> None:
    del values[name]
    with pytest.raises(InputError, match=f"no section {name}; run python -m conf.compose"):
        check_all(values)


@pytest.mark.parametrize("name", list(SECTIONS))
def test_every_section_is_looked_at(values: dict[str, Any], name: str) -> None:
    put(values, f"{name}.no_such_parameter", 1)
    with pytest.raises(InputError, match=rf"unknown parameter {name}\.no_such_parameter;"):
        check_all(values)


@pytest.mark.parametrize("name", NULLABLE)
def test_what_a_data_set_does_not_need_may_be_null(values: dict[str, Any], name: str) -> None:
    put(values, name, None)
    check_all(values)


def test_the_still_images_are_what_dvc_depends_on(values: dict[str, Any]) -> None:
    put(values, "dataset.images", {"layout": "voc", "root": "/data/voc"})
    with pytest.raises(InputError, match=r"inputs\.images = 'data/README\.md' is not dataset\.ima"):
        check_all(values)
    put(values, "inputs.images", "/data/voc")
    check_all(values)


def test_an_aggregation_needs_flow_back(values: dict[str, Any]) -> None:
    values["aggregate_flow"] = {"frames": 3}
    for flow in (None, {"backward": False}):
        values["estimate_flow"] = flow
        with pytest.raises(InputError, match="aggregate_flow needs flow from each frame to the"):
            check_all(values)
    values["aggregate_flow"] = {"frames": 1}
    check_all(values)
    values["aggregate_flow"] = {"frames": 3}
    values["estimate_flow"] = {"backward": True}
    check_all(values)


@pytest.mark.parametrize(
    "name, value",
    [
        ("refine_superpixels.method", "motion_segments"),
        ("select_pa.selection.rule", "motion"),
        ("select_pa.selection.rule", "motion_overlap"),
        ("train_segmenter.objective", {"name": "latent_labels"}),
    ],
)
def test_parts_that_read_motion_segments_need_them(
    values: dict[str, Any], name: str, value: object
) -> None:
    put(values, name, value)
    with pytest.raises(InputError, match=rf"{name}.* needs motion segments: set segment_motion"):
        check_all(values)
    put(values, "segment_motion", {})
    put(values, "estimate_flow", {"backward": True})
    check_all(values)


@pytest.mark.parametrize(
    "flow", [None, {"backward": False}, {"pairs": "key_frames", "backward": True}]
)
def test_motion_segments_need_flow(values: dict[str, Any], flow: object) -> None:
    values["segment_motion"], values["estimate_flow"] = {}, flow
    with pytest.raises(InputError, match="segment_motion needs flow between all frames, in both"):
        check_all(values)
    values["estimate_flow"] = {"backward": True}
    check_all(values)


@pytest.mark.parametrize("score", ["flow_agreement", "motion_agreement"])
def test_agreement_with_flow_needs_flow(values: dict[str, Any], score: str) -> None:
    values["select_pa"]["selection"]["scores"] = ["rii", score]
    with pytest.raises(InputError, match=f"the score {score} of select_pa"):
        check_all(values)
    values["estimate_flow"] = {"pairs": "key_frames"}
    check_all(values)
