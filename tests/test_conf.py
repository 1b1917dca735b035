from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from conf.compose import FOLDER, checked, composed, main
from pipeline.cues.table import CUES
from pipeline.datasets.layouts import LAYOUTS
from pipeline.runtime.errors import InputError
from stages.cli import PLACEHOLDER
from stages.schema import check_all

GROUPS = {
    group.name: sorted(path.stem for path in group.glob("*.yaml"))
    for group in sorted(FOLDER.iterdir())
    if group.is_dir() and list(group.glob("*.yaml"))
}
# a recipe that needs still images beside the videos
WITH_STILLS = ("frame_to_frame", "frame_to_frame_unsure")
STILLS = "dataset.images={layout: voc, root: /data/voc}"
# what an option leaves to the user
LEFT_OPEN = {
    "a2d": ["dataset.root=/data", "finetune_classifier.action.weights.path=/weights.pt"],
    "davis": ["dataset.root=/data"],
    "davis_320": ["dataset.root=/data"],
    "folder": ["dataset.root=/data", "finetune_classifier.action.weights.path=/weights.pt"],
    "voc": ["dataset.root=/data"],
    "youtube_objects": ["dataset.root=/data"],
}
# A recipe's numbers depend on the data set, a machine's and the versions on nothing.
COMBINATIONS = [
    *((f"dataset={a}", f"recipe={b}") for a in GROUPS["dataset"] for b in GROUPS["recipe"]),
    *((f"{group}={a}",) for group in ("machine", "versions", "scale") for a in GROUPS[group]),
    # what else is said of a data set than its file says
    *(
        (f"dataset={a}", f"recipe={b}", "scale=small")
        for a in ("a2d", "voc")
        for b in ("vscr", "ws2")
    ),
    *(
        (f"dataset={a}", f"recipe={b}", "weights=none")
        for a in ("a2d", "folder")
        for b in GROUPS["recipe"]
    ),
    *(("dataset=demo", f"recipe={b}", "weights=published") for b in GROUPS["recipe"]),
    # where no actions are asked for, though the data set names some
    *(
        (f"dataset={a}", f"recipe={b}", "tags=objects")
        for a in ("a2d", "folder", "demo")
        for b in GROUPS["recipe"]
    ),
]
# without an action classifier its weights are left open and nobody asks for them
NO_ACTIONS = (
    *("recipe=frame_to_frame", "recipe=frame_to_frame_unsure", "recipe=mcnn"),
    *("recipe=mcnn_located", "recipe=vscr", "tags=objects"),
)
# those of the motion stream; where none are published the recipe's own classifier lends its weights
MOTION = "two_stream.motion.weights.path=/weights.pt"


def open_values(overrides: Sequence[str]) -> list[str]:
    """Overrides for the values that this choice leaves to the user."""
    dataset = next((o.partition("=")[2] for o in overrides if o.startswith("dataset=")), "demo")
    left = LEFT_OPEN.get(dataset, [])
    lent = "weights=none" in overrides or (
        dataset.startswith("demo") and "weights=published" not in overrides
    )
    if {*NO_ACTIONS} & {*overrides} and not (lent and "recipe=vscr" in overrides):
        left = [o for o in left if not o.startswith("finetune_classifier.action.")]
    if "recipe=vscr" in overrides and not lent:
        left = [*left, MOTION]
    recipe = next((o.partition("=")[2] for o in overrides if o.startswith("recipe=")), "")
    if recipe in WITH_STILLS and dataset not in ("demo_objects", "voc"):
        left = [*left, STILLS]
    return left


def motion_stream(*overrides: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = composed(["recipe=vscr", *overrides])["train_segmenter"][
        "network"
    ]["two_stream"]["motion"]
    return found


def test_the_motion_stream_of_vscr_asks_for_its_weights() -> None:
    davis = ["dataset=davis", "dataset.root=/data"]
    with pytest.raises(InputError, match=r"two_stream\.motion\.weights\.path has no value"):
        checked(["recipe=vscr", *davis])
    checked(["recipe=vscr", *davis, MOTION])
    given = motion_stream(*davis, MOTION)
    assert given is not None and given["network"] == "i3d"
    assert given["weights"] == {"source": "file", "path": "/weights.pt"}
    assert given["clip"] == {"frames": 8, "step": 1}  # the data set's, two cores for all of them


def test_without_published_weights_a_classifier_lends_those_of_the_motion_stream() -> None:
    lent = motion_stream()
    assert lent is not None and lent["weights"] is None
    assert (lent["network"], lent["side"], lent["clip"]) == (
        "small_3d",
        48,
        {"frames": 16, "step": 1},
    )
    values = composed(["recipe=vscr"])
    assert values["inputs"]["motion_stream"] == "classifier/action"
    assert {*values["classifiers"]} == {"actor", "action"} and "action" not in values["cues"]
    # there is none of actions either, or somebody wants image features alone
    for overrides in (["tags=objects"], ["two_stream.motion=null"]):
        assert motion_stream(*overrides) is None
    objects = checked(["recipe=vscr", "tags=objects"])
    assert objects["inputs"]["motion_stream"] == "README.md"
    assert {*objects["classifiers"]} == {"actor"}
    for dataset in ("a2d", "folder"):
        own = composed(["recipe=vscr", f"dataset={dataset}", "weights=none"])
        assert own["inputs"]["motion_stream"] == "classifier/action"
        stream = own["train_segmenter"]["network"]["two_stream"]["motion"]
        assert (stream["network"], stream["weights"]) == ("i3d", None)


def test_the_groups_are_there() -> None:
    assert set(GROUPS) == {
        *("branches", "cue", "dataset", "machine", "recipe", "scale", "schedule", "tags"),
        *("versions", "weights", "motion_stream"),
    }
    assert all(GROUPS.values())
    assert GROUPS["recipe"] == sorted(
        [
            *("ws2", "ws2_flow", "ws2_relations", "ws2_ranked", "vscr"),
            *("frame_to_frame", "frame_to_frame_unsure", "mcnn", "mcnn_located"),
        ]
    )


# Groups of which a file is taken where its name fits: one with a name of no choice is never read.
BY_CHOICE = {
    "branches/with": ("branches", "tags"),
    "weights/start": ("branches", "weights"),
    "weights/motion": ("motion_stream", "weights", "tags"),
    "schedule/of": ("schedule", "scale"),
}


def test_nothing_hangs_on_the_name_of_a_recipe() -> None:
    """A recipe that builds on another one under a name of its own has all that this one has."""
    assert not [names for names in BY_CHOICE.values() if "recipe" in names]
    for path in FOLDER.rglob("*.yaml"):
        assert "${recipe" not in path.read_text(), path


@pytest.mark.parametrize("group", list(BY_CHOICE))
def test_a_file_that_is_taken_by_choice_can_be_chosen(group: str) -> None:
    names = ["-".join(p) for p in product(*(GROUPS[g] for g in BY_CHOICE[group]))]
    files = {path.stem for path in (FOLDER / group).glob("*.yaml")}
    assert files and files <= {*names}
    (line,) = re.findall(
        rf"^ *- optional {group}: (\S+)$", (FOLDER / "config.yaml").read_text(), re.M
    )
    assert line == "-".join(f"${{{g}}}" for g in BY_CHOICE[group])


def test_every_folder_of_files_is_a_group() -> None:
    folders = {p.parent.relative_to(FOLDER).as_posix() for p in FOLDER.rglob("*.yaml")} - {"."}
    assert folders == {*GROUPS, *BY_CHOICE}


def test_params_yaml_is_what_conf_composes_to() -> None:
    stored = yaml.safe_load((FOLDER.parent / "params.yaml").read_text())
    assert stored == composed([]), "run python -m conf.compose"


@cache
def parameters(overrides: tuple[str, ...]) -> dict[str, Any]:
    """Those of a combination, which the tests only read."""
    return composed([*overrides, *open_values(overrides)])


def test_every_combination_composes_and_is_right() -> None:
    wrong = []
    for overrides in COMBINATIONS:
        try:
            values = parameters(overrides)
            check_all(values)
        except InputError as error:
            wrong.append((overrides, str(error)))
            continue
        assert values["dataset"]["layout"] in LAYOUTS
        assert set(values["transitions"]) == set(values["versions"]) - {"v0"}
    assert not wrong, wrong


@pytest.mark.parametrize("overrides", COMBINATIONS, ids=" ".join)
def test_all_that_stages_depend_on_is_made_or_a_placeholder(overrides: tuple[str, ...]) -> None:
    values = parameters(overrides)
    classifiers = {f"classifier/{branch}" for branch in values["classifiers"]}
    models = {PLACEHOLDER, *classifiers, *(f"segmenter/{v}" for v in values["versions"])}
    inputs = values["inputs"]
    assert {inputs[name] for name in ("actor", "start", "motion_stream")} <= models
    assert inputs["classifiers"] == ("classifier" if classifiers else PLACEHOLDER)
    assert inputs["corloc"] == ("corloc" if values["stages"]["colocalise"] else PLACEHOLDER)
    assert {content["init"] for content in values["versions"].values()} <= models
    assert {content["before"] for content in values["transitions"].values()} <= models
    cues = {PLACEHOLDER, *(f"cues/{name}/index.parquet" for name in values["cues"])}
    for content in values["cues"].values():
        assert content["model"] in models and {*content["reads"]} <= cues
    assert values["dataset"]["actions"] == values["has_actions"]
    assert values["has_actions"] or "action" not in values["classifiers"]


@pytest.mark.parametrize("option", GROUPS["versions"])
def test_each_version_starts_where_the_one_before_ended(option: str) -> None:
    values = composed([f"versions={option}"])
    models = ["README.md"]  # the first training has none before it
    for i, (version, content) in enumerate(values["versions"].items()):
        assert version == f"v{i}"
        assert content == {"init": models[-1] if i else "classifier/actor"}
        if i:
            assert values["transitions"][version] == {"from": f"v{i - 1}", "before": models[-2]}
        models.append(f"segmenter/{version}")


def test_the_first_version_starts_from_the_classifier_that_there_is() -> None:
    """Where weights are published, mcnn has no classifier; where not, it has one to start from."""
    without = composed(["recipe=mcnn", "dataset=davis", "dataset.root=/data"])
    published = composed(["recipe=mcnn", "weights=published"])
    with_one = composed(["recipe=mcnn"])
    for values, start, folder in (
        (without, "README.md", "README.md"),
        (published, "README.md", "README.md"),
        (with_one, "classifier/actor", "classifier"),
    ):
        assert values["versions"]["v0"] == {"init": start} == {"init": values["inputs"]["start"]}
        assert values["inputs"]["classifiers"] == folder
        assert {*values["classifiers"]} == ({"actor"} if folder == "classifier" else set())
        assert values["inputs"]["actor"] == "README.md"  # selection asks no classifier
    ranked = composed([])["inputs"]
    assert ranked["actor"] == ranked["start"] == "classifier/actor"


def test_how_many_versions_a_recipe_trains() -> None:
    found = {r: composed([f"recipe={r}"])["check_convergence"]["last"] for r in GROUPS["recipe"]}
    assert {r for r, last in found.items() if last == "v1"} == {
        *("mcnn", "mcnn_located", "frame_to_frame", "frame_to_frame_unsure"),
    }
    assert {r for r, last in found.items() if last == "v0"} == {"vscr"}
    assert {r for r, last in found.items() if last is None} == {
        *("ws2", "ws2_ranked", "ws2_flow", "ws2_relations"),
    }


def test_no_option_looks_like_anything_but_text() -> None:
    for option in (name for names in GROUPS.values() for name in names):
        assert isinstance(yaml.safe_load(option), str), option


@pytest.mark.parametrize("dataset", list(LEFT_OPEN))
def test_a_value_left_to_the_user_is_named(dataset: str) -> None:
    overrides = LEFT_OPEN[dataset]
    for i, missing in enumerate(overrides):
        given = [f"dataset={dataset}", *overrides[:i], *overrides[i + 1 :]]
        with pytest.raises(InputError, match=f"{missing.partition('=')[0]} has no value") as error:
            checked(given)
        assert "\n" not in str(error.value)
    checked([f"dataset={dataset}", *overrides])


@pytest.mark.parametrize(
    "overrides",
    [
        *(pytest.param((f"dataset={name}",), id=name) for name in LEFT_OPEN),
        # what train_segmenter takes from two_stream is set there
        ("recipe=vscr", "dataset=voc"),
    ],
)
def test_what_the_message_says_to_add_can_be_added(overrides: tuple[str, ...]) -> None:
    given = [*overrides]
    for _ in range(3):
        try:
            checked(given)
            return
        except InputError as error:
            (name,) = re.findall(r"has no value; add (\S+)=<value> to the command$", str(error))
            given.append(f"{name}=/some/where")
    checked(given)


@pytest.mark.parametrize("recipe", WITH_STILLS)
@pytest.mark.parametrize("dataset", GROUPS["dataset"])
def test_a_recipe_that_needs_still_images_says_so_in_one_line(recipe: str, dataset: str) -> None:
    overrides = [f"recipe={recipe}", f"dataset={dataset}"]
    given = [o for o in open_values(overrides) if o != STILLS]
    if dataset in ("demo_objects", "voc"):
        checked([*overrides, *given])
        return
    with pytest.raises(InputError) as error:
        checked([*overrides, *given])
    assert str(error.value) == (
        f"recipe {recipe} learns from still images beside the videos "
        "(train_segmenter.still_images), and the data set has none: set dataset.images, or take "
        "dataset=demo_objects"
    )
    checked([*overrides, *given, STILLS])


@pytest.mark.parametrize("override", ["seeds=3", "dataset=vos", "seed", "seed=${oc.env:NO_SUCH}"])
def test_an_override_that_does_not_fit_is_one_line(override: str) -> None:
    with pytest.raises(InputError, match="cannot compose conf/: ") as error:
        composed([override])
    assert "\n" not in str(error.value)


def test_overrides_reach_the_values_that_refer_to_them() -> None:
    values = composed(["seed=5", "+select_pa.selection.extra=1"])
    assert values["make_demo"]["seed"] == values["seed"] == 5
    assert values["select_pa"]["selection"]["extra"] == 1


def test_main(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    main(["seed=9"])
    assert yaml.safe_load((tmp_path / "params.yaml").read_text()) == composed(["seed=9"])
    wrong = (
        ("seeds=9", "error: cannot compose"),
        ("seed=-1", "error: parameter seed = -1"),
        ("dataset=davis", "error: parameter dataset.root has no value; add dataset.root=<value>"),
    )
    for override, message in wrong:
        with pytest.raises(SystemExit, match=message):
            main([override])
        assert yaml.safe_load((tmp_path / "params.yaml").read_text()) == composed(["seed=9"])


def test_still_images_are_a_dependency_only_where_they_are_given() -> None:
    """Without them dvc.yaml depends on a small file of the project instead."""
    without = composed([])
    assert without["dataset"]["images"] is None
    assert (FOLDER.parent / without["inputs"]["images"]).is_file()
    assert without["inputs"]["images"] == "data/README.md"
    given = composed(["dataset.images={layout: voc, root: /data/VOC2012, test: null}"])
    check_all(given)
    assert given["inputs"]["images"] == "/data/VOC2012"
    assert given["dataset"]["images"] == {"layout": "voc", "root": "/data/VOC2012", "test": None}


def test_a_still_image_root_left_open_is_named() -> None:
    with pytest.raises(InputError, match=r"dataset\.images\.root has no value"):
        checked(["dataset.images={layout: voc, root: ???}"])


def test_the_demo_of_objects_has_still_images_and_no_actions() -> None:
    values = composed(["dataset=demo_objects"])
    assert values["inputs"]["images"] == values["dataset"]["images"]["root"] == "data/demo/stills"
    assert values["dataset"]["actions"] is values["has_actions"] is False
    assert values["make_demo"]["stills"] > 0 and set(values["classifiers"]) == {"actor"}
    assert composed([])["make_demo"]["stills"] == 0


# What each recipe has of the branches and the cues, with tags of actors and actions and without.
MADE_OF: dict[str, tuple[set[str], set[str]]] = {
    "ws2": ({"actor", "action"}, {"actor", "action"}),
    "ws2_ranked": ({"actor", "action"}, {"actor", "action", "flow"}),
    "ws2_relations": ({"actor", "action"}, {"actor", "action", "edges"}),
    "ws2_flow": (
        {"actor", "action"},
        {"actor", "action", "flow", "aggregated_actor", "aggregated_action"},
    ),
    "frame_to_frame": ({"actor"}, {"actor", "flow", "aggregated_actor"}),
    "frame_to_frame_unsure": ({"actor"}, {"actor", "flow", "aggregated_actor"}),
    "vscr": ({"actor"}, {"actor", "edges"}),
    "mcnn": (set(), {"flow", "motion"}),
    "mcnn_located": (set(), {"flow", "motion"}),
}


def test_the_table_of_parts_has_every_recipe() -> None:
    assert set(MADE_OF) == set(GROUPS["recipe"])


@pytest.mark.parametrize("recipe", list(MADE_OF))
@pytest.mark.parametrize("tags", GROUPS["tags"])
def test_a_recipe_has_the_parts_that_it_needs_and_no_others(recipe: str, tags: str) -> None:
    """Where weights are published; dvc.yaml makes a stage for each part."""
    dataset = "davis" if tags == "objects" else "folder"
    values = composed([f"recipe={recipe}", f"dataset={dataset}", f"tags={tags}"])
    classifiers, cues = MADE_OF[recipe]
    actions = set() if values["has_actions"] else {"action", "aggregated_action"}
    assert set(values["classifiers"]) == classifiers - actions
    assert set(values["cues"]) == cues - actions
    assert values["dataset"]["actions"] is values["has_actions"] is (tags == "actor_action")
    assert values["inputs"]["motion_stream"] == "README.md"
    versions = set(values["versions"])
    located = recipe in ("mcnn", "mcnn_located")
    assert set(values["stages"]["colocalise"]) == (versions if located else set())
    assert values["inputs"]["corloc"] == ("corloc" if located else "README.md")


def test_ws2_has_no_motion_and_without_actions_no_branch_of_them() -> None:
    values = composed(["recipe=ws2"])
    assert set(values["cues"]) == set(values["classifiers"]) == {"actor", "action"}
    without = composed(["recipe=ws2", "tags=objects"])
    assert set(without["cues"]) == set(without["classifiers"]) == {"actor"}
    check_all(without)


@pytest.mark.parametrize("cue", GROUPS["cue"])
def test_a_cue_is_named_like_its_file_and_is_in_the_table(cue: str) -> None:
    values = composed(["recipe=ws2", "branches=actor_and_action_along_flow", f"+cue=[{cue}]"])
    assert cue in values["cues"] and cue in CUES
    assert len(values["cues"][cue]["reads"]) == 3  # as many as dvc.yaml asks for


def test_every_cue_of_the_table_can_be_composed() -> None:
    assert set(GROUPS["cue"]) == set(CUES)


def test_the_demo_is_generated_where_it_is_the_data_set() -> None:
    for dataset in GROUPS["dataset"]:
        generated = composed([f"dataset={dataset}"])["stages"]["make_demo"]
        assert set(generated) == ({"demo"} if dataset.startswith("demo") else set())


@pytest.mark.parametrize("dataset", ["voc", "youtube_objects"])
def test_a_layout_without_actions_is_told_from_tags_that_name_some(dataset: str) -> None:
    with pytest.raises(InputError, match=f"the layout {dataset} knows no actions; set tags=obj"):
        checked([f"dataset={dataset}", *LEFT_OPEN[dataset], "tags=actor_action"])


def test_placeholders_are_files_that_are_there() -> None:
    """DVC depends on them below each of these folders."""
    for folder in ("data", "models", "metrics"):
        assert (FOLDER.parent / folder / PLACEHOLDER).is_file()


def test_selection_looks_at_superpixels_as_the_prediction_does() -> None:
    values = composed(["prediction.refine.alpha=0.25"])
    assert values["select_pa"]["refine"] == values["prediction"]["refine"]
    assert values["select_pa"]["refine"]["alpha"] == 0.25
    assert values["predict_pa"]["superpixel_refinement"] == values["prediction"]["refine"]


def test_the_labels_of_the_next_version_are_inferred_as_those_of_a_batch_are() -> None:
    values = composed(["recipe=mcnn", "train_segmenter.objective.latent.alpha_finetune=5.5"])
    assert values["predict_pa"]["corrections"] == ["latent_labels"]
    latent = values["train_segmenter"]["objective"]["latent"]
    assert values["predict_pa"]["latent_labels"] == latent and latent["alpha_finetune"] == 5.5


def flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every value by its full name; a mapping without any is a value."""
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def differences(first: Sequence[str], second: Sequence[str]) -> dict[str, tuple[Any, Any]]:
    """What two choices differ in, by its full name; None where one of them says nothing."""
    one, other = (dict(flat(composed([*overrides]))) for overrides in (first, second))
    return {n: (a, b) for n in one | other if (a := one.get(n)) != (b := other.get(n))}


def test_frame_to_frame_for_classifiers_that_are_seldom_sure() -> None:
    demo = "dataset=demo_objects"
    assert differences(["recipe=frame_to_frame", demo], ["recipe=frame_to_frame_unsure", demo]) == {
        "recipe.name": ("frame_to_frame", "frame_to_frame_unsure"),
        "cues.actor.scales": ([0.5, 1.0, 1.5, 2.0], [1.0]),
        "cues.actor.above": (0.9, 0.6),  # that of the label filter
        "cues.aggregated_actor.frames": (5, 3),
        "cues.aggregated_actor.consistency": (False, True),
        "cues.aggregated_actor.label_filter.tau": (0.9, 0.6),
        "make_initial_pa.binarise.threshold": (0.2, 0.5),
    }


def test_mcnn_whose_labels_know_where_the_motion_is() -> None:
    latent = {
        "rule": (None, "foreground"),
        "location": (0.0, 3.0),
        "blur": (None, 0.01),
        "smoothness": (None, 20.0),
        "floor": (None, 0.4),
    }
    places = ("train_segmenter.objective.latent", "predict_pa.latent_labels")
    assert differences(["recipe=mcnn"], ["recipe=mcnn_located"]) == {
        "recipe.name": ("mcnn", "mcnn_located"),
        "prediction.rule": ("argmax", "foreground"),
        **{f"{place}.{name}": pair for place in places for name, pair in latent.items()},
    }


def test_davis_of_larger_frames() -> None:
    root = "dataset.root=/data"
    found = differences(["dataset=davis", root], ["dataset=davis_320", root])
    frozen = [f"backbone.features.{n}." for n in (0, 2, 5, 7, 10, 12, 14)]  # conv1_1 to conv3_3
    assert found == {
        "prepare_frames.max_side": (224, 320),
        "train_segmenter.augment.crop": ([112, 160], [160, 272]),
        "train_segmenter.fit.epochs": (3, 2),
        "train_segmenter.fit.steps": (10, 150),
        "train_segmenter.fit.lr": (1e-3, 2e-3),
        "train_segmenter.fit.policy": ("poly", "onecycle"),
        "train_segmenter.fit.frozen": (None, frozen),
    }


def test_a_paper_s_schedule_is_for_data_sets_of_its_size() -> None:
    full, small = ["recipe=vscr", "dataset=a2d"], ["recipe=vscr", "dataset=a2d", "scale=small"]
    found = {n: pair for n, pair in differences(small, full).items() if pair[0] != pair[1]}
    assert found == {
        "train_segmenter.fit.epochs": (20, 40),
        "train_segmenter.fit.batch": (12, 10),
        "train_segmenter.fit.lr": (7e-4, 8e-4),
        "train_segmenter.fit.patience": (5, None),
    }
    # where it is not said, the data set's file does, and no other recipe has one
    for dataset in ("demo", "demo_objects", "davis", "davis_320"):
        own = [f"dataset={dataset}", "recipe=vscr"]
        assert differences(own, [*own, "scale=small"]) == {}
    assert (
        differences(["recipe=ws2", "dataset=a2d"], ["recipe=ws2", "dataset=a2d", "scale=small"])
        == {}
    )


@pytest.mark.parametrize("dataset", GROUPS["dataset"])
def test_a_recipe_changes_nothing_of_the_data_set(dataset: str) -> None:
    """Its folder, its tags, the size of its frames, the networks that are made for them."""

    def facts(recipe: str) -> dict[str, Any]:
        values = composed([f"recipe={recipe}", f"dataset={dataset}"])
        own = {name: values[name] for name in ("dataset", "has_actions", "compute_superpixels")}
        prepare = {k: v for k, v in values["prepare_frames"].items() if k != "key_frames"}
        branches = values["finetune_classifier"]
        networks = [branches[b] and branches[b]["network"] for b in ("actor", "action")]
        generated = values.get("make_demo")
        backbone = values["train_segmenter"]["network"]["backbone"]
        return own | {"prepare": prepare, "networks": [*networks, backbone], "demo": generated}

    first, *others = (facts(recipe) for recipe in GROUPS["recipe"])
    assert all(own == first for own in others)


@pytest.mark.parametrize("recipe", ["mcnn", "vscr", "ws2"])
@pytest.mark.parametrize("dataset", ["davis", "davis_320"])
def test_videos_without_published_weights_and_without_actions(dataset: str, recipe: str) -> None:
    checked([f"dataset={dataset}", "dataset.root=/data", f"recipe={recipe}", "weights=none"])
