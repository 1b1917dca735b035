"""What flows where in dvc.yaml: who sees the ground truth, what is an out, what is shown."""

from __future__ import annotations

import pytest

from pipeline.artifacts.store import INDEX, VIDEOS
from tests.dag import PIPELINE, RESOLVED, ancestors, covers, outs_of, paths, producers
from tests.imports import ROOT

GROUND_TRUTH = "data/ground_truth"


def test_the_dag_is_there() -> None:
    assert "select_pa@v0" in RESOLVED and "predict_pa@v1" in RESOLVED
    assert "${" not in str(RESOLVED)


def test_only_evaluation_and_report_see_the_ground_truth() -> None:
    readers = {
        name.partition("@")[0]
        for name, stage in RESOLVED.items()
        if any(covers(d, GROUND_TRUTH) or covers(GROUND_TRUTH, d) for d in paths(stage, "deps"))
    }
    assert readers == {"evaluate_cues", "evaluate_ric", "report"}


JUDGES = ("prepare_ground_truth", "evaluate_cues", "evaluate_ric", "report")
BLIND = [n for n in RESOLVED if n.partition("@")[0] not in JUDGES]


@pytest.mark.parametrize("name", BLIND)
def test_nothing_else_follows_from_it(name: str) -> None:
    seen = {a for a in ancestors(name) if a.partition("@")[0] in JUDGES}
    assert not seen, f"{name} depends on {sorted(seen)}"


def test_the_search_for_ancestors_finds_them() -> None:
    assert {"prepare_ground_truth", "make_demo", "predict_pa@v1"} <= ancestors("evaluate_ric@v1")
    assert {"train_segmenter@v0", "select_pa@v0"} <= ancestors("predict_pa@v1")
    assert {"extract_cam@action", "evaluate_ric@v0"} <= ancestors("report")


# Artifacts with a file for each video: their index tells of every change, and is read in no time.
INDEXED = ("data/frames", "data/superpixels", "data/edges", "data/flow", "data/motion", "data/cam")
INDEXED += ("data/pa", "data/ground_truth")


@pytest.mark.parametrize("name", [n for n in RESOLVED if n != "report"])  # sees all versions
def test_an_artifact_is_a_dep_by_its_index(name: str) -> None:
    deps = [d for d in paths(RESOLVED[name], "deps") if any(covers(a, d) for a in INDEXED)]
    assert all(dep.endswith(f"/{INDEX}") for dep in deps), deps


def test_an_artifact_is_two_outs() -> None:
    for name, stage in RESOLVED.items():
        outs = outs_of(stage)
        indexed = {o.removesuffix(f"/{INDEX}") for o in outs if o.endswith(f"/{INDEX}")}
        written = {o for o in outs if any(covers(a, o) for a in INDEXED)}
        assert written == {f"{a}/{part}" for a in indexed for part in (INDEX, VIDEOS)}, name


def test_no_dep_lies_inside_an_out() -> None:
    outs = {out for stage in RESOLVED.values() for out in outs_of(stage)}
    inside = {
        dep
        for stage in RESOLVED.values()
        for dep in paths(stage, "deps")
        if any(covers(out, dep) and out != dep for out in outs)
    }
    assert not inside


def test_every_out_is_made_once() -> None:
    outs = [out for stage in RESOLVED.values() for out in outs_of(stage)]
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
