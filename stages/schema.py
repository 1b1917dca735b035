"""The typed model of every section of params.yaml.

Each stage reads its own sections; this table lets whichever stage runs first refuse a wrong
parameter of any other, before work starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.cues.edges import EdgeParams
from pipeline.cues.flow import FlowParams
from pipeline.cues.flow_aggregation import AggregateParams
from pipeline.cues.motion_segments import MotionParams
from pipeline.cues.video_maps import CamParams
from pipeline.datasets.frames import PrepareFramesParams
from pipeline.datasets.layouts import check_dataset
from pipeline.demo.videos import DemoParams
from pipeline.evaluation.convergence import ConvergenceParams
from pipeline.evaluation.overlay import ReportParams
from pipeline.initial_pa.methods import InitialParams
from pipeline.prediction.colocalisation import ColocaliseParams
from pipeline.prediction.params import PredictionParams
from pipeline.runtime.errors import InputError
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.params import Params, parse_params
from pipeline.selection.select import FLOW_SCORES, MOTION_RULES, SelectParams
from pipeline.training.classifier import ClassifierParams
from pipeline.training.discriminator import DiscriminatorParams
from pipeline.training.segmenter import TrainSegmenterParams
from pipeline.vision.slic import SlicParams

SECTIONS: dict[str, type[Params]] = {
    "machine": MachineParams,
    "make_demo": DemoParams,
    "prepare_frames": PrepareFramesParams,
    "compute_superpixels": SlicParams,
    "detect_edges": EdgeParams,
    "estimate_flow": FlowParams,
    "segment_motion": MotionParams,
    "finetune_classifier.actor": ClassifierParams,
    "finetune_classifier.action": ClassifierParams,
    "extract_cam.actor": CamParams,
    "extract_cam.action": CamParams,
    "aggregate_flow": AggregateParams,
    "refine_superpixels": InitialParams,
    "select_pa.selection": SelectParams,
    "select_pa.discriminator": DiscriminatorParams,
    "train_segmenter": TrainSegmenterParams,
    "prediction": PredictionParams,
    "colocalise": ColocaliseParams,
    "check_convergence": ConvergenceParams,
    "report": ReportParams,
}
# null: the data set or the recipe does not need it
NULLABLE = (
    "make_demo",
    "detect_edges",
    "estimate_flow",
    "segment_motion",
    "aggregate_flow",
    "finetune_classifier.actor",
    "finetune_classifier.action",
    "colocalise",
)
OTHER = ("seed", "recipe", "dataset", "inputs", "versions", "transitions")


def check_all(values: Mapping[str, Any]) -> None:
    """Refuse the first wrong parameter of any section, with its full name.

    Raises:
        InputError: an unknown or missing section, a wrong key, type or value.
    """
    known = {name.split(".")[0] for name in SECTIONS} | set(OTHER)
    for name in values:
        if name not in known:
            raise InputError(f"unknown section {name} in params.yaml; known: {_list(known)}")
    for name in OTHER:
        if name not in values:
            raise InputError(f"params.yaml has no section {name}; run python -m conf.compose")
    if not isinstance(values["seed"], int) or values["seed"] < 0:
        raise InputError(f"parameter seed = {values['seed']!r}: use a whole number from 0")
    if not isinstance(values["dataset"], Mapping):
        got = values["dataset"]
        raise InputError(f"section dataset of params.yaml must hold parameters, got {got!r}")
    check_dataset(values["dataset"])
    _check_inputs(values)
    for name, model in SECTIONS.items():
        _check_section(values, name, model)
    _check_flow(values)
    _check_motion(values)


def _check_flow(values: Mapping[str, Any]) -> None:
    """Refuse parts without the flow that they follow."""
    aggregation, flow = values.get("aggregate_flow"), values.get("estimate_flow")
    if values.get("segment_motion") is not None and (
        flow is None or not FlowParams(**flow).backward or FlowParams(**flow).pairs != "frames"
    ):
        raise InputError(
            "segment_motion needs flow between all frames, in both directions: set estimate_flow "
            "with pairs frames and backward true (the recipe mcnn does)"
        )
    for score in values["select_pa"]["selection"].get("scores", ()):
        if flow is None and score in FLOW_SCORES:
            raise InputError(
                f"the score {score} of select_pa.selection.scores needs flow: set estimate_flow"
            )
    if aggregation is None or AggregateParams(**aggregation).frames == 1:
        return
    if flow is None or not FlowParams(**flow).backward:
        raise InputError(
            "aggregate_flow needs flow from each frame to the one before: set estimate_flow with "
            "backward true (the recipe ws2_flow does)"
        )


def _check_motion(values: Mapping[str, Any]) -> None:
    """Refuse parts that read motion segments in a recipe that makes none."""
    if values.get("segment_motion") is not None:
        return
    chosen = {
        "refine_superpixels.method": values["refine_superpixels"].get("method"),
        "select_pa.selection.rule": values["select_pa"]["selection"].get("rule"),
        "train_segmenter.objective.name": values["train_segmenter"]
        .get("objective", {})
        .get("name"),
    }
    for name, value in chosen.items():
        if value in ("motion_segments", *MOTION_RULES, "latent_labels"):
            raise InputError(
                f"parameter {name} = {value!r} needs motion segments: set segment_motion and "
                "estimate_flow (the recipe mcnn does)"
            )


def _check_inputs(values: Mapping[str, Any]) -> None:
    """What dvc.yaml depends on is what the stages read; conf/ composes both, an editor may not."""
    images, inputs = values["dataset"].get("images"), values["inputs"]
    named = inputs.get("images") if isinstance(inputs, Mapping) else None
    if not named or (images is not None and named != images["root"]):
        raise InputError(
            f"parameter inputs.images = {named!r} is not dataset.images.root; "
            "run python -m conf.compose"
        )


def _check_section(values: Mapping[str, Any], name: str, model: type[Params]) -> None:
    group, _, part = name.partition(".")
    content = values.get(group)
    if part and isinstance(content, Mapping):
        parts = {n.partition(".")[2] for n in SECTIONS if n.startswith(f"{group}.")}
        for key in content:
            if key not in parts:
                raise InputError(f"unknown parameter {group}.{key}; allowed here: {_list(parts)}")
        content = content.get(part)
    if content is None and name in NULLABLE:
        return
    if not isinstance(content, Mapping):
        raise InputError(f"section {name} of params.yaml must hold parameters, got {content!r}")
    parse_params(model, content, name)


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names))
