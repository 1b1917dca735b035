"""The whole DAG through DVC, on a data set of a few videos and trainings of a few steps."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from conf.compose import composed
from stages.schema import check_all
from tests.imports import ROOT

pytestmark = pytest.mark.slow

SHORT = ["epochs=1", "steps=3", "batch=4"]
TINY = [
    *("dataset=demo", "machine=cpu", "machine.jobs=1", "machine.threads=1"),
    *("++make_demo.train=12", "++make_demo.test=4", "++make_demo.without_actor=2"),
    *("++make_demo.frames=10", "++make_demo.annotate_every=5", "dataset.validation=0.25"),
    *("make_demo.absent=0.25", "make_demo.away=[2,4]"),  # few test frames: most show an actor
    *("prepare_frames.key_frames=2", "compute_superpixels.segments=40"),
    *(f"finetune_classifier.actor.fit.{s}" for s in SHORT),
    *(f"finetune_classifier.action.fit.{s}" for s in SHORT),
    "finetune_classifier.action.clip.frames=8",
    *(f"select_pa.discriminator.fit.{s}" for s in SHORT),
    *("train_segmenter.fit.epochs=2", "train_segmenter.fit.steps=2", "train_segmenter.fit.batch=2"),
    *("train_segmenter.augment.crop=[48,64]", "train_segmenter.ric.frames=1", "report.videos=2"),
]
TWO = [*TINY, "versions=two"]
CHANGED = [*TWO, "select_pa.selection.rule=full"]
STOPPED = [*TINY, "versions=three", "check_convergence.tolerance=1000"]
VSCR = [
    *(*TINY, "recipe=vscr", "versions=three"),
    # the networks and masks of the recipe before it, whose stages it then shares
    "finetune_classifier.actor.network=small_bagnet",
    "train_segmenter.network.backbone=small_bagnet",
    "refine_superpixels.binarise.variant=otsu_twice",
]
NO_STOP = [*TINY, "versions=three", "check_convergence.tolerance=null"]
OBJECTS = [
    *(o for o in TINY if o != "dataset=demo" and not o.startswith("finetune_classifier")),
    *("dataset=demo_objects", "make_demo.stills=6"),
]
MCNN = [
    *("recipe=mcnn", *OBJECTS, "versions=three", "select_pa.selection.motion.run=4"),
    *(f"finetune_classifier.actor.fit.{s}" for s in SHORT),
    "train_segmenter.still_images={share: 0.5}",
]
FRAME_TO_FRAME = [
    *("recipe=frame_to_frame", *OBJECTS, "versions=two", "aggregate_flow.frames=2"),
    *(f"finetune_classifier.actor.fit.{s}" for s in ("epochs=1", "steps=12", "batch=8")),
    "aggregate_flow.label_filter.tau=0.3",  # a classifier of twelve steps is sure of nothing
]
AFTER = {
    *("select_pa@v0", "train_segmenter@v0", "evaluate_ric@v0", "check_convergence@v1"),
    *("predict_pa@v1", "select_pa@v1", "train_segmenter@v1", "evaluate_ric@v1", "report"),
}
V2 = {f"{s}@v2" for s in ("predict_pa", "select_pa", "train_segmenter", "evaluate_ric")}
MIOU = {"miou_actor_action", "miou_actor", "miou_action", "iou_foreground"}


class Project:
    """A fresh copy of the project's files, without any artifact."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True, text=True)
        for name in listed.stdout.split("\0"):
            source = ROOT / name
            if name not in ("", "dvc.lock", "params.yaml") and source.is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, folder / name)
        nobody = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
        for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "copy"]):
            subprocess.run(["git", *nobody, *command], cwd=folder, check=True)
        self.environment = {
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "DVC_SITE_CACHE_DIR": str(folder / ".dvc" / "site"),
            "OMP_NUM_THREADS": "1",
        }

    def repro(self, params: dict[str, Any]) -> set[str]:
        """Bring everything up to date; the stages that were run."""
        (self.folder / "params.yaml").write_text(yaml.safe_dump(params))
        done = subprocess.run(
            [sys.executable, "-m", "dvc", "repro"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=900,
        )
        assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return set(re.findall(r"Running stage '([^']+)'", done.stdout))

    def json(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text())

    def hashes(self) -> dict[str, dict[str, str]]:
        """Content of the outs of every stage, as DVC has locked it."""
        lock = yaml.safe_load((self.folder / "dvc.lock").read_text())
        return {
            stage: {out["path"]: out["md5"] for out in content["outs"]}
            for stage, content in lock["stages"].items()
        }

    def state(self, *params: dict[str, Any]) -> State:
        """Run with one set of parameters after the other, and what is there after the last."""
        ran = [self.repro(p) for p in params]
        return State(ran, self.hashes(), self.json("metrics/summary.json"))


class State(NamedTuple):
    """The stages of each run, the hashes of all outs and the summary after the last one."""

    ran: list[set[str]]
    hashes: dict[str, dict[str, str]]
    summary: dict[str, Any]


class Story(NamedTuple):
    """What happened to one copy of the project."""

    folder: Path
    states: list[State]


class Stories(NamedTuple):
    """Two copies of one pipeline, and one for the recipes of objects."""

    two: Story
    stopped: Story
    objects: Story


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Stories:
    """Fresh copies, each changed as the tests need it, at the same time."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("needs a git clone of the project, to copy its tracked files")
    names = ("two", "stopped", "objects")
    two, stopped, objects = (Project(tmp_path_factory.mktemp(name)) for name in names)
    first, changed, stop, no_stop = (composed(o) for o in (TWO, CHANGED, STOPPED, NO_STOP))
    recipes = [composed(o) for o in (MCNN, FRAME_TO_FRAME)]
    relations = composed(VSCR)
    for params in (first, changed, stop, no_stop, relations, *recipes):
        check_all(params)

    def tell_two() -> list[State]:
        return [two.state(p) for p in (first, first, changed, first)]

    def tell_stopped() -> list[State]:
        states = [stopped.state(stop)]
        shutil.copytree(stopped.folder / "models/segmenter/v2", stopped.folder / "kept/model")
        shutil.copytree(stopped.folder / "data/pa/v2", stopped.folder / "kept/pa")
        return [*states, stopped.state(no_stop), stopped.state(relations)]

    def tell_objects() -> list[State]:
        return [objects.state(p) for p in recipes]

    with ThreadPoolExecutor(3) as pool:
        a, b, c = (pool.submit(tell) for tell in (tell_two, tell_stopped, tell_objects))
        return Stories(
            Story(two.folder, a.result()),
            Story(stopped.folder, b.result()),
            Story(objects.folder, c.result()),
        )


def test_the_whole_dag_runs(stories: Stories) -> None:
    state = stories.two.states[0]
    assert state.ran == [set(state.hashes)]
    assert {"make_demo", "prepare_ground_truth", "extract_cam@action"} | AFTER <= state.ran[0]


def test_summary_has_the_required_keys(stories: Stories) -> None:
    summary = stories.two.states[0].summary
    keys = {"recipe", "dataset", "seed", "classifiers", "cues", "versions", "stopped_after"}
    assert set(summary) == keys
    assert (summary["dataset"], summary["seed"]) == ("demo", 0)
    for branch in ("actor", "action"):
        accuracies = summary["classifiers"][branch]
        assert set(accuracies) == {"val_accuracy", "test_accuracy"}
        assert all(0 <= value <= 100 for value in accuracies.values())
    assert list(summary["versions"]) == ["v0", "v1"]
    for figures in summary["versions"].values():
        assert set(figures["pa"]) >= MIOU
        assert set(figures["selected"]) >= MIOU | {"fraction", "rank_correlation"}
        model = figures["model"]
        assert set(model) >= {"best_epoch", "ric", "rii", "miou_pa", "val", "test"}
        assert model["best_epoch"] in (1, 2)
        assert model["ric"] == pytest.approx(model["miou_pa"] + 0.5 * model["rii"])
        for scores in (model["val"], model["test"]):
            assert set(scores) >= MIOU | {"cls_acc", "glo_acc"}
            assert all(0 <= scores[name] <= 100 for name in MIOU)
        assert 0 < figures["selected"]["fraction"] <= 100


def test_report_has_a_table_a_picture_and_plots(stories: Stories) -> None:
    metrics = stories.two.folder / "metrics"
    table = (metrics / "report" / "table.txt").read_text()
    assert re.search(r"^v0 ", table, re.M) and re.search(r"^v1 ", table, re.M)
    assert (metrics / "report" / "evolution.png").read_bytes().startswith(b"\x89PNG")
    for name in ("epochs", "versions", "confusion"):
        assert len((metrics / "plots" / f"{name}.csv").read_text().splitlines()) > 2


def test_equal_seeds_give_equal_artifacts_in_two_copies(stories: Stories) -> None:
    one, other = (story.states[0].hashes for story in stories[:2])
    compared = set(one) - {"report"}  # which shows the versions that there are
    assert len(compared) >= 17
    for stage in sorted(compared):
        assert one[stage] == other[stage], stage


def test_a_second_repro_runs_nothing(stories: Stories) -> None:
    first, second = stories.two.states[:2]
    assert second.ran == [set()]
    assert second.hashes == first.hashes


def test_a_change_reruns_what_follows_and_its_reversal_nothing(stories: Stories) -> None:
    first, _, changed, reverted = stories.two.states
    (ran,) = changed.ran
    assert {"select_pa@v0", "train_segmenter@v0", "evaluate_ric@v0", "report"} <= ran
    assert ran <= AFTER
    assert changed.hashes["select_pa@v0"] != first.hashes["select_pa@v0"]
    assert reverted.ran == [set()]
    assert reverted.hashes == first.hashes


def test_the_evolution_stops(stories: Stories) -> None:
    folder, states = stories.stopped
    assert states[0].summary["stopped_after"] == "v1"
    assert list(states[0].summary["versions"]) == ["v0", "v1"]
    description = json.loads((folder / "kept/model/model.json").read_text())
    assert description == {"absent": "stopped after v1"}
    assert [path.name for path in (folder / "kept/pa").iterdir()] == ["index.parquet"]


def test_another_stop_rule_retrains_no_finished_version(stories: Stories) -> None:
    after = stories.stopped.states[1]
    assert after.ran == [{"check_convergence@v1", "check_convergence@v2", "report"} | V2]
    assert after.summary["stopped_after"] == "v2"
    assert list(after.summary["versions"]) == ["v0", "v1", "v2"]


def test_vscr_trains_once_on_what_ws2_has_made(stories: Stories) -> None:
    before, state = stories.stopped.states[1:]
    (ran,) = state.ran
    assert {"detect_edges", "train_segmenter@v0", "predict_pa@v1", "evaluate_ric@v1"} <= ran
    # PA.v0 is that of the recipe before, and so is the action classifier of its stream
    kept = ("finetune_classifier@action", "extract_cam@action", "refine_superpixels")
    assert not {"finetune_classifier@action", "extract_cam@action"} & ran
    assert all(state.hashes[stage] == before.hashes[stage] for stage in kept)
    versions = state.summary["versions"]
    assert list(versions) == ["v0", "v1"]
    assert set(versions["v0"]["model"]["test"]) >= MIOU and "model" not in versions["v1"]
    model = stories.stopped.folder / "models/segmenter/v0/model.json"
    motion = json.loads(model.read_text())["network"]["two_stream"]["motion"]
    assert motion["network"] == "small_3d" and motion["clip"]["frames"] == 8


def test_mcnn_ends_with_a_version_that_nothing_is_trained_on(stories: Stories) -> None:
    state = stories.objects.states[0]
    assert {"segment_motion", "predict_pa@v2", "train_segmenter@v2"} <= state.ran[0]
    versions = state.summary["versions"]
    assert list(versions) == ["v0", "v1", "v2"] and state.summary["stopped_after"] == "v2"
    assert "model" in versions["v1"] and "model" not in versions["v2"]
    assert set(versions["v2"]["pa"]) >= MIOU
    assert set(state.summary["cues"]) == {"motion", "cam"}
    assert state.summary["cues"]["motion"]["jaccard"] > 50
    assert versions["v0"]["pa"]["iou_foreground"] > 30  # from motion, before any training
    # motion and colours have a part in the next ones, which a network of a few steps alone has not
    for version in ("v1", "v2"):
        own = versions[version]["pa"]
        assert own["jaccard"] > own["jaccard_initial"] + 5


def test_frame_to_frame_shares_what_both_recipes_need(stories: Stories) -> None:
    mcnn, state = stories.objects.states
    shared = {"make_demo", "prepare_frames", "prepare_ground_truth", "compute_superpixels"}
    assert {*shared, "estimate_flow"} <= mcnn.ran[0] - state.ran[0]
    assert {"finetune_classifier@actor", "extract_cam@actor", "aggregate_flow"} <= state.ran[0]
    assert set(state.summary["cues"]) == {"cam", "aggregated"}
    versions = state.summary["versions"]
    assert list(versions) == ["v0", "v1"] and "model" in versions["v1"]
    v0 = versions["v0"]
    assert v0["pa"]["iou_foreground"] > 0 and v0["model"]["test"]["iou_foreground"] > 0


def test_still_images_stand_beside_the_videos_in_both(stories: Stories) -> None:
    """The pseudo-annotations that lie there are those of Frame-to-Frame."""
    folder = stories.objects.folder
    stills = {f"still{n:04d}" for n in range(6)}
    assert stills < {path.stem for path in (folder / "data/frames").glob("*.arrow")}
    assert not stills & {path.stem for path in (folder / "data/flow").glob("*.arrow")}
    assert stills < {path.stem for path in (folder / "data/pa/v1").glob("*.arrow")}
