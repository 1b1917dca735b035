"""The typed model of every section of params.yaml.

Each stage reads its own sections; this table lets ``check_parameters`` and ``conf.compose`` refuse
a wrong parameter of any of them, and parts without what they need, before work starts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pipeline.artifacts.store import INDEX
from pipeline.cues.table import CUES
from pipeline.datasets.frames import PrepareFramesParams
from pipeline.datasets.layouts import check_dataset
from pipeline.demo.videos import DemoParams
from pipeline.evaluation.convergence import ConvergenceParams
from pipeline.evaluation.overlay import ReportParams
from pipeline.initial_pa.methods import InitialParams
from pipeline.prediction.colocalisation import ColocaliseParams
from pipeline.prediction.params import PredictionParams, PredictPaParams
from pipeline.runtime.errors import InputError
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.params import Params, parse_params
from pipeline.selection.select import SelectParams
from pipeline.training.classifier import ClassifierParams
from pipeline.training.discriminator import DiscriminatorParams
from pipeline.training.segmenter import TrainSegmenterParams
from pipeline.vision.superpixel_refinement import RefineParams
from pipeline.vision.superpixels import SuperpixelParams
from stages.cli import PLACEHOLDER
from stages.config import WIRING

SECTIONS: dict[str, type[Params]] = {
    "machine": MachineParams,
    "prepare_frames": PrepareFramesParams,
    "compute_superpixels": SuperpixelParams,
    "make_initial_pa": InitialParams,
    "select_pa.selection": SelectParams,
    "select_pa.discriminator": DiscriminatorParams,
    "select_pa.refine": RefineParams,
    "train_segmenter": TrainSegmenterParams,
    "prediction": PredictionParams,
    "predict_pa": PredictPaParams,
    "check_convergence": ConvergenceParams,
    "report": ReportParams,
}
# Sections of stages that not every recipe has; a section without its stage is ignored.
OPTIONAL: dict[str, type[Params]] = {
    "make_demo": DemoParams,
    "colocalise": ColocaliseParams,
    "finetune_classifier.actor": ClassifierParams,
    "finetune_classifier.action": ClassifierParams,
}
# Sections that define the stages and their inputs, or that belong to no stage.
OTHER = (
    *("seed", "recipe", "dataset", "has_actions", "two_stream", "inputs", "stages"),
    *("classifiers", "cues", "versions", "transitions"),
)
MAPPINGS = (
    *("recipe", "dataset", "inputs", "stages", "classifiers", "cues", "versions", "transitions"),
    "two_stream",
)
NAMES = {"versions": ("init",), "transitions": ("from", "before")}  # what their entries name
# What a recipe may have below models/ and metrics/, beside the placeholder.
INPUTS = {
    "actor": "classifier/<branch>",
    "start": "classifier/<branch>",
    "motion_stream": "classifier/<branch>",
    "classifiers": "classifier",
    "corloc": "corloc",
}
OPEN = "???"  # a value that a file of conf/ leaves to the user
# A recipe's section that is a copy of another: a user sets values in the other.
TAKEN_FROM = {"train_segmenter.network.two_stream": "two_stream"}


def check_all(values: Mapping[str, Any]) -> None:
    """Refuse the first wrong parameter of any section, with its full name.

    Raises:
        InputError: an unknown or missing section, a wrong key, type or value, a value that was left
            to the user, a part without the cue that it needs.
    """
    known = {name.split(".")[0] for name in [*SECTIONS, *OPTIONAL]} | {*OTHER}
    for name in values:
        if name not in known:
            raise InputError(f"unknown section {name} in params.yaml; known: {_list(known)}")
    for name in OTHER:
        if name not in values:
            raise InputError(f"params.yaml has no section {name}; run python -m conf.compose")
    if type(values["seed"]) is not int or values["seed"] < 0:
        raise InputError(f"parameter seed = {values['seed']!r}: use a whole number from 0")
    for name in MAPPINGS:
        _mapping(name, values[name])
    for group in ("cues", "stages"):
        for name, content in values[group].items():
            _mapping(f"{group}.{name}", content)
    for group, keys in NAMES.items():
        for name, content in values[group].items():
            _names(f"{group}.{name}", content, keys)
    _names("inputs", values["inputs"], ("images", *INPUTS))
    _check_open("dataset", values["dataset"])
    check_dataset(values["dataset"])
    _check_inputs(values)
    used = {**SECTIONS, **{n: OPTIONAL[n] for n in _optional(values)}}
    parsed = {name: _check_section(values, name, model) for name, model in used.items()}
    _check_groups(values)
    _check_cues(values)
    _check_still_images(values)
    _check_versions(values)
    _check_selection(values, parsed["select_pa.selection"])
    for name, params in parsed.items():
        for cue, who in getattr(params, "needed_cues", dict)().items():
            if cue not in values["cues"]:
                raise InputError(
                    f"{who} of {name} needs the cue {cue}, and recipe {_name(values)} names only "
                    f"{_list({*values['cues']}) or 'none'}; add it to the recipe's cues"
                )


def _optional(values: Mapping[str, Any]) -> Iterator[str]:
    """The optional sections whose stages there are."""
    for stage in ("make_demo", "colocalise"):
        if values["stages"].get(stage):
            yield stage
    for branch in values["classifiers"]:
        name = f"finetune_classifier.{branch}"
        if name not in OPTIONAL:
            raise InputError(f"unknown classifier {branch}; known: action, actor")
        yield name


def _check_cues(values: Mapping[str, Any]) -> None:
    """Refuse wrong parameters of the cues, and cues without those that they are made from."""
    cues, parsed = values["cues"], {}
    for name, content in cues.items():
        if name not in CUES:
            raise InputError(f"unknown cue {name}; known: {_list({*CUES})}")
        _check_open(f"cues.{name}", content)
        own = {key: value for key, value in content.items() if key not in WIRING}
        parsed[name] = parse_params(CUES[name].params, own, f"cues.{name}")
    for name, content in cues.items():
        cue = CUES[name]
        for needed in cue.needs:
            if needed not in cues:
                raise InputError(
                    f"the cue {name} needs the cue {needed}, and recipe {_name(values)} names only "
                    f"{_list({*cues})}; add it to the recipe's cues"
                )
        if cue.classifier is not None and cue.classifier not in values["classifiers"]:
            raise InputError(f"the cue {name} needs the {cue.classifier} classifier")
        _check_wiring(name, content)
        cue.check(parsed[name], {needed: parsed[needed] for needed in cue.needs})


def _check_wiring(name: str, content: Mapping[str, Any]) -> None:
    """Check that dvc.yaml's dependencies of a cue are what it is made from; conf/ states both."""
    cue, reads = CUES[name], content.get("reads")
    model = PLACEHOLDER if cue.classifier is None else f"classifier/{cue.classifier}"
    right = [f"cues/{needed}/{INDEX}" for needed in cue.needs]
    right += [PLACEHOLDER] * (3 - len(right))
    if (
        content.get("model") != model
        or not isinstance(reads, list)
        or sorted(reads, key=str) != sorted(right)
    ):
        raise InputError(
            f"cues.{name}: model must be {model} and reads {right}, which this cue is made from; "
            f"got {content.get('model')} and {reads}; see conf/cue"
        )


def _check_inputs(values: Mapping[str, Any]) -> None:
    """Check that dvc.yaml depends on what stages read: params.yaml may have been edited by hand."""
    images, inputs = values["dataset"].get("images"), values["inputs"]
    named = inputs["images"]
    if named != (f"data/{PLACEHOLDER}" if images is None else images["root"]):
        raise InputError(
            f"parameter inputs.images = {named!r} is not dataset.images.root; "
            "run python -m conf.compose"
        )
    for name, form in INPUTS.items():
        value = inputs[name]
        folder, _, branch = value.partition("/")
        right = value == form or (branch and folder == form.partition("/")[0])
        if value != PLACEHOLDER and not right:
            raise InputError(f"parameter inputs.{name} = {value}: use {form} or {PLACEHOLDER}")
        if branch and branch not in values["classifiers"]:
            raise InputError(
                f"parameter inputs.{name} = {value!r}: recipe {_name(values)} trains no "
                f"{branch} classifier here"
            )
    actions = values["dataset"].get("actions", False)
    if actions != values["has_actions"]:
        raise InputError(
            f"parameter dataset.actions = {actions!r}: set tags=actor_action or tags=objects "
            "instead, which the whole recipe follows"
        )


def _check_versions(values: Mapping[str, Any]) -> None:
    """What a training starts from and what a gate compares are segmenters of other versions."""
    versions = [*values["versions"]]
    classifiers = {f"classifier/{branch}" for branch in values["classifiers"]}
    right = {PLACEHOLDER, *classifiers, *(f"segmenter/{v}" for v in versions)}
    named = {f"versions.{v}.init": content["init"] for v, content in values["versions"].items()}
    for version, content in values["transitions"].items():
        named[f"transitions.{version}.before"] = content["before"]
        named[f"transitions.{version}.from"] = f"segmenter/{content['from']}"
    for name, value in named.items():
        if value not in right:
            raise InputError(
                f"parameter {name}: there is no {value} here; known: {_list(right)}; "
                "run python -m conf.compose"
            )


def _check_selection(values: Mapping[str, Any], params: Params) -> None:
    """Refuse what looks at the answers of a classifier where there is none."""
    assert isinstance(params, SelectParams)
    who = params.needed_classifier()
    if who is not None and values["inputs"]["actor"] == PLACEHOLDER:
        raise InputError(
            f"{who} of select_pa.selection needs the actor classifier, and recipe {_name(values)} "
            "names none (inputs.actor)"
        )
    if "iou" in params.scores:
        raise InputError(
            "the score iou of select_pa.selection comes from human masks: it is there for "
            "benchmarks.selection_arms alone"
        )


def _check_still_images(values: Mapping[str, Any]) -> None:
    """Refuse a recipe that learns from still images on a data set without any."""
    dataset = values["dataset"]
    if values["train_segmenter"].get("still_images") is None or dataset["layout"] == "voc":
        return
    if dataset.get("images") is None:
        raise InputError(
            f"recipe {_name(values)} learns from still images beside the videos "
            "(train_segmenter.still_images), and the data set has none: set dataset.images, or "
            "take dataset=demo_objects"
        )


def _check_groups(values: Mapping[str, Any]) -> None:
    """Refuse unknown keys beside the sections of one group."""
    groups: dict[str, set[str]] = {}
    for name in [*SECTIONS, *OPTIONAL]:
        group, _, part = name.partition(".")
        if part:
            groups.setdefault(group, set()).add(part)
    for group, parts in groups.items():
        for key in values.get(group) or ():
            if key not in parts:
                raise InputError(f"unknown parameter {group}.{key}; allowed here: {_list(parts)}")


def _check_section(values: Mapping[str, Any], name: str, model: type[Params]) -> Params:
    group, _, part = name.partition(".")
    content = values.get(group)
    if part and isinstance(content, Mapping):
        content = content.get(part)
    own = _mapping(name, content)
    _check_open(name, own)
    return parse_params(model, own, name)


def _mapping(name: str, content: Any) -> Mapping[str, Any]:
    """The content of a section; InputError for one that holds something else."""
    if not isinstance(content, Mapping):
        raise InputError(f"section {name} of params.yaml must hold parameters, got {content!r}")
    return content


def _names(group: str, content: Any, keys: Collection[str]) -> None:
    """Refuse what is not a name for each of the keys."""
    for key in keys:
        value = _mapping(group, content).get(key)
        if not isinstance(value, str) or not value:
            raise InputError(
                f"parameter {group}.{key} = {value!r}: it must name something; "
                "run python -m conf.compose"
            )


def _check_open(name: str, content: Any) -> None:
    """Refuse a value that was left to the user, by its full name."""
    name = TAKEN_FROM.get(name, name)
    if isinstance(content, Mapping):
        for key, value in content.items():
            _check_open(f"{name}.{key}", value)
    elif content == OPEN:
        raise InputError(f"parameter {name} has no value; add {name}=<value> to the command")


def _name(values: Mapping[str, Any]) -> str:
    return str(values["recipe"].get("name"))


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names))
