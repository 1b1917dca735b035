"""What flows where in dvc.yaml: who sees the ground truth, what is an out, what is shown."""

from __future__ import annotations

import subprocess

import pytest

from pipeline.artifacts.cues import CUES_INDEX
from pipeline.artifacts.store import INDEX, VIDEOS
from pipeline.cues.table import CUES
from tests.dag import (
    DAGS,
    DISTINCT,
    PIPELINE,
    RESOLVED,
    ancestors,
    covers,
    is_placeholder,
    outs_of,
    paths,
    producers,
)
from tests.imports import ROOT

GROUND_TRUTH = "data/ground_truth"


def stage_of(name: str) -> str:
    return name.partition("@")[0]


def test_the_dag_is_there() -> None:
    assert "select_pa@v0" in RESOLVED and "predict_pa@v1" in RESOLVED
    assert "compute_cues@flow" in RESOLVED and "colocalise@v1" in DAGS["mcnn"]
    assert not [n for n in DAGS["mcnn on davis"] if stage_of(n) == "finetune_classifier"]
    assert "${" not in str(DAGS) and "???" not in str([paths(s, "deps") for s in RESOLVED.values()])
    found = paths(DAGS["ws2_flow"]["compute_cues@aggregated_action"], "deps")
    assert f"data/cues/action/{INDEX}" in found  # the last of a list


@pytest.mark.parametrize("recipe", DAGS)
def test_only_evaluation_and_report_see_the_ground_truth(recipe: str) -> None:
    readers = {
        stage_of(name)
        for name, stage in DAGS[recipe].items()
        if any(covers(d, GROUND_TRUTH) or covers(GROUND_TRUTH, d) for d in paths(stage, "deps"))
    }
    colocalise = {"colocalise"} if recipe.startswith("mcnn") else set()
    assert readers == {"evaluate_cues", "evaluate_version", "report"} | colocalise


JUDGES = ("prepare_ground_truth", "evaluate_cues", "evaluate_version", "colocalise", "report")


@pytest.mark.parametrize("recipe", DAGS)
def test_nothing_else_follows_from_it(recipe: str) -> None:
    dag = DAGS[recipe]
    blind = [name for name in dag if stage_of(name) not in JUDGES]
    assert len(blind) > 10
    for name in blind:
        seen = {a for a in ancestors(name, dag) if stage_of(a) in JUDGES}
        assert not seen, f"{name} depends on {sorted(seen)}"


def test_the_search_for_ancestors_finds_them() -> None:
    assert {"prepare_ground_truth", "make_demo@demo", "predict_pa@v1"} <= ancestors(
        "evaluate_version@v1"
    )
    assert {"train_segmenter@v0", "select_pa@v0"} <= ancestors("predict_pa@v1")
    assert {"compute_cues@action", "evaluate_version@v0"} <= ancestors("report")
    assert "compute_cues@motion" in ancestors("colocalise@v1", DAGS["mcnn"])


def test_a_recipe_has_no_stage_of_what_it_does_not_use() -> None:
    """WS2 is attention and superpixels; what others need is neither made nor read."""
    text = str(DAGS["ws2"]).lower()
    assert not [word for word in ("flow", "edges", "motion", "colocalise@") if word in text]
    own = {"actor", "action"}
    assert {n.partition("@")[2] for n in DAGS["ws2"] if stage_of(n) == "compute_cues"} == own
    assert "motion" in str(DAGS["mcnn"]) and "edges" in str(DAGS["vscr"])
    assert "flow" in str(DAGS["ws2_flow"])


# Artifacts with a file for each video: their index tells of every change, and is read in no time.
INDEXED = ("data/frames", "data/superpixels", "data/pa", "data/ground_truth")
INDEXED += tuple(f"data/cues/{name}" for name in CUES)


@pytest.mark.parametrize("name", [n for n in DISTINCT if n.partition(": ")[2] != "report"])
def test_an_artifact_is_a_dep_by_its_index(name: str) -> None:
    """The report sees all versions that there are."""
    deps = [d for d in paths(DISTINCT[name][1], "deps") if any(covers(a, d) for a in INDEXED)]
    assert all(dep.endswith(f"/{INDEX}") for dep in deps), deps
    # and the cues of a recipe by the index of them all, but for those that make them
    if stage_of(DISTINCT[name][0]) not in ("compute_cues", "collect_cues"):
        deps = [d for d in paths(DISTINCT[name][1], "deps") if covers("data/cues", d)]
        assert deps in ([], [f"data/cues/{CUES_INDEX}"])


def test_an_artifact_is_two_outs() -> None:
    for name, stage in DISTINCT.values():
        outs = outs_of(stage)
        indexed = {o.removesuffix(f"/{INDEX}") for o in outs if o.endswith(f"/{INDEX}")}
        written = {o for o in outs if any(covers(a, o) for a in (*INDEXED, "data/cues"))}
        expected = {f"{a}/{part}" for a in indexed for part in (INDEX, VIDEOS)}
        if stage_of(name) == "compute_cues":  # and the digest by which the index of cues names it
            expected |= {f"data/cues/digests/{name.partition('@')[2]}.json"}
        if name == "collect_cues":
            expected |= {f"data/cues/{CUES_INDEX}"}
        assert written == expected, name


@pytest.mark.parametrize("recipe", DAGS)
def test_a_dep_is_an_artifact_or_an_input_or_stands_for_none(recipe: str) -> None:
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listing.returncode:
        pytest.skip("needs a git clone of the project")
    tracked = {*listing.stdout.splitlines()}
    dag = DAGS[recipe]
    used = {dep for stage in dag.values() for dep in paths(stage, "deps")}
    from_outside = {dep for dep in used if not producers(dep, dag)}
    placeholders = {dep for dep in from_outside if is_placeholder(dep)}
    assert placeholders <= {f"{folder}/README.md" for folder in ("data", "models", "metrics")}
    assert placeholders <= tracked
    # what is left are the folders of the data set, which no stage makes
    prepared = set(paths(dag["prepare_frames"], "deps"))
    assert from_outside - placeholders <= prepared
    assert from_outside - placeholders == ({"/data"} if "davis" in recipe else set())


@pytest.mark.parametrize("recipe", DAGS)
def test_no_dep_lies_inside_an_out(recipe: str) -> None:
    dag = DAGS[recipe].values()
    outs = {out for stage in dag for out in outs_of(stage)}
    inside = {
        dep
        for stage in dag
        for dep in paths(stage, "deps")
        if any(covers(out, dep) and out != dep for out in outs)
    }
    # the still images of the generated data, in the folder that one stage makes as a whole
    assert inside <= {"data/demo/stills"}, inside


@pytest.mark.parametrize("recipe", DAGS)
def test_every_out_is_made_once(recipe: str) -> None:
    outs = [out for stage in DAGS[recipe].values() for out in outs_of(stage)]
    for i, out in enumerate(outs):
        assert not any(covers(other, out) for other in outs[:i] + outs[i + 1 :]), out


def test_plots_show_files_that_a_stage_writes() -> None:
    templates = {p.stem for p in (ROOT / ".dvc" / "plots").glob("*.json")}
    for plot in PIPELINE.get("plots", []):
        ((_, settings),) = plot.items()
        for path in settings["y"]:
            assert producers(path), path
        built_in = {"linear", "simple", "confusion", "confusion_normalized", "scatter", "smooth"}
        assert settings["template"] in templates | built_in
