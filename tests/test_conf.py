from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from conf.compose import FOLDER, composed, main
from pipeline.datasets.layouts import LAYOUTS
from pipeline.runtime.errors import InputError
from stages.schema import check_all

GROUPS = {
    group.name: sorted(path.stem for path in group.glob("*.yaml"))
    for group in sorted(FOLDER.iterdir())
    if group.is_dir() and list(group.glob("*.yaml"))
}
# what an option leaves to the user
LEFT_OPEN = {
    "a2d": ["dataset.root=/data", "finetune_classifier.action.weights.path=/weights.pt"],
    "davis": ["dataset.root=/data"],
    "folder": ["dataset.root=/data", "finetune_classifier.action.weights.path=/weights.pt"],
    "voc": ["dataset.root=/data"],
    "youtube_objects": ["dataset.root=/data"],
}
# A recipe's numbers depend on the data set, a machine's and the versions on nothing.
COMBINATIONS = [
    *((f"dataset={a}", f"recipe={b}") for a in GROUPS["dataset"] for b in GROUPS["recipe"]),
    *((f"{group}={a}",) for group in ("machine", "versions") for a in GROUPS[group]),
]


# recipes without an action classifier: its weights are not left to the user, nor can they be set
NO_ACTIONS = ("recipe=frame_to_frame", "recipe=mcnn", "recipe=vscr")
# that of the motion stream; on the demo the recipe's own classifier lends its weights
MOTION = "train_segmenter.network.two_stream.motion.weights.path=/weights.pt"


def open_values(overrides: Sequence[str]) -> list[str]:
    """Overrides for the values that this choice leaves to the user."""
    dataset = next((o.partition("=")[2] for o in overrides if o.startswith("dataset=")), "demo")
    left = LEFT_OPEN.get(dataset, [])
    if set(NO_ACTIONS) & {*overrides}:
        left = [o for o in left if not o.startswith("finetune_classifier.action.")]
    if "recipe=vscr" in overrides and dataset != "demo":
        left = [*left, MOTION]
    return left


def test_the_motion_stream_of_vscr_asks_for_its_weights() -> None:
    with pytest.raises(InputError, match=f"parameter {MOTION.partition('=')[0]} has no value"):
        composed(["recipe=vscr", "dataset=davis", "dataset.root=/data"])
    motion = composed(["recipe=vscr"])["train_segmenter"]["network"]["two_stream"]["motion"]
    assert motion["weights"] is None and motion["network"] == "small_3d"


def test_the_groups_are_there() -> None:
    assert set(GROUPS) == {"dataset", "machine", "recipe", "versions"}
    assert all(GROUPS.values())


def test_params_yaml_is_what_conf_composes_to() -> None:
    stored = yaml.safe_load((FOLDER.parent / "params.yaml").read_text())
    assert stored == composed([]), "run python -m conf.compose"


def test_every_combination_composes_and_is_right() -> None:
    wrong = []
    for overrides in COMBINATIONS:
        try:
            values = composed([*overrides, *open_values(overrides)])
            check_all(values)
        except InputError as error:
            wrong.append((overrides, str(error)))
            continue
        assert values["dataset"]["layout"] in LAYOUTS
        assert set(values["transitions"]) == set(values["versions"]) - {"v0"}
    assert not wrong, wrong


@pytest.mark.parametrize("option", GROUPS["versions"])
def test_each_version_starts_where_the_one_before_ended(option: str) -> None:
    values = composed([f"versions={option}"])
    models = ["classifier/actor"]
    for i, (version, content) in enumerate(values["versions"].items()):
        assert version == f"v{i}"
        assert content == {"init": models[-1]}
        if i:
            assert values["transitions"][version] == {"from": f"v{i - 1}", "before": models[-2]}
        models.append(f"segmenter/{version}")


def test_how_many_versions_a_recipe_trains() -> None:
    found = {r: composed([f"recipe={r}"])["check_convergence"]["last"] for r in GROUPS["recipe"]}
    assert found.pop("mcnn") == found.pop("frame_to_frame") == "v1"
    assert all(found[r] is None for r in ("ws2", "ws2_ranked", "ws2_flow"))


def test_no_option_looks_like_anything_but_text() -> None:
    for option in (name for names in GROUPS.values() for name in names):
        assert isinstance(yaml.safe_load(option), str), option


@pytest.mark.parametrize("dataset", list(LEFT_OPEN))
def test_a_value_left_to_the_user_is_named(dataset: str) -> None:
    overrides = LEFT_OPEN[dataset]
    for i, missing in enumerate(overrides):
        given = [f"dataset={dataset}", *overrides[:i], *overrides[i + 1 :]]
        with pytest.raises(InputError, match=f"{missing.partition('=')[0]} has no value") as error:
            composed(given)
        assert "\n" not in str(error.value)


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
    with pytest.raises(SystemExit, match="error: cannot compose"):
        main(["seeds=9"])
    assert yaml.safe_load((tmp_path / "params.yaml").read_text())["seed"] == 9


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
        composed(["dataset.images={layout: voc, root: ???}"])


def test_the_demo_of_objects_has_still_images_and_no_actions() -> None:
    values = composed(["dataset=demo_objects"])
    assert values["inputs"]["images"] == values["dataset"]["images"]["root"] == "data/demo/stills"
    assert values["dataset"]["actions"] is False and values["make_demo"]["stills"] > 0
    assert values["finetune_classifier"]["action"] is None
    assert composed([])["make_demo"]["stills"] == 0
