"""The whole DAG through DVC, on a data set of a few videos and trainings of a few steps."""

from __future__ import annotations

import json
import re

import pytest

from pipeline.artifacts.models import read_description
from tests.stories import Stories, tell_stories

pytestmark = pytest.mark.slow

AFTER = {
    *("select_pa@v0", "train_segmenter@v0", "evaluate_version@v0", "check_convergence@v1"),
    *("predict_pa@v1", "select_pa@v1", "train_segmenter@v1", "evaluate_version@v1", "report"),
}
V2 = {f"{s}@v2" for s in ("predict_pa", "select_pa", "train_segmenter", "evaluate_version")}
MIOU = {"miou_actor_action", "miou_actor", "miou_action", "iou_foreground"}


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Stories:
    return tell_stories(tmp_path_factory)


def test_the_whole_dag_runs(stories: Stories) -> None:
    state = stories.two.states[0]
    assert state.ran == [set(state.hashes)]
    assert {"make_demo@demo", "prepare_ground_truth", "compute_cues@action"} | AFTER <= state.ran[0]


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
    first, _, changed, reverted = stories.two.states[:4]
    (ran,) = changed.ran
    assert {"select_pa@v0", "train_segmenter@v0", "evaluate_version@v0", "report"} <= ran
    assert ran <= AFTER | {"check_parameters"}  # which nothing waits for that it does not change
    assert changed.hashes["select_pa@v0"] != first.hashes["select_pa@v0"]
    assert reverted.ran == [set()]
    assert reverted.hashes == first.hashes


def test_other_comments_and_docstrings_rerun_nothing(stories: Stories) -> None:
    before, reworded = stories.two.states[3:5]
    assert reworded.ran == [set()]
    assert reworded.hashes == before.hashes


def test_a_stage_alone_refuses_to_run_with_code_that_dvc_does_not_know(stories: Stories) -> None:
    (line,) = [line for line in stories.two.refusal if line.startswith("error: ")]
    assert line.startswith("error: the code of report is not the one that data/code.json was writ")
    assert "run dvc repro" in line
    assert not [line for line in stories.two.refusal if "Traceback" in line]


def test_the_evolution_stops(stories: Stories) -> None:
    folder, states, _ = stories.stopped
    assert states[0].summary["stopped_after"] == "v1"
    assert list(states[0].summary["versions"]) == ["v0", "v1"]
    assert read_description(folder / "kept/model") == {"absent": "stopped after v1"}
    assert not [*(folder / "kept/pa").rglob("*.arrow")] and (folder / "kept/pa/videos").is_dir()


def test_another_stop_rule_retrains_no_finished_version(stories: Stories) -> None:
    after = stories.stopped.states[1]
    assert after.ran == [
        {"check_parameters", "check_convergence@v1", "check_convergence@v2", "report"} | V2
    ]
    assert after.summary["stopped_after"] == "v2"
    assert list(after.summary["versions"]) == ["v0", "v1", "v2"]


def test_vscr_trains_once_and_shares_the_classifiers_of_the_recipe_before(stories: Stories) -> None:
    before, state = stories.two.states[4:]
    (ran,) = state.ran
    assert {
        *("compute_cues@edges", "compute_cues@actor", "make_initial_pa"),
        *("train_segmenter@v0", "predict_pa@v1", "evaluate_version@v1"),
    } <= ran
    assert "compute_cues@action" not in ran  # maps of the actors alone (Sec. 4.2)
    for branch in ("actor", "action"):  # the motion stream has the weights of the action classifier
        assert f"finetune_classifier@{branch}" not in ran
        classifier = f"finetune_classifier@{branch}"
        assert state.hashes[classifier] == before.hashes[classifier]
    versions = state.summary["versions"]
    assert list(versions) == ["v0", "v1"]
    assert set(versions["v0"]["model"]["test"]) >= MIOU and "model" not in versions["v1"]
    model = stories.two.folder / "models/segmenter/v0/model.json"
    motion = json.loads(model.read_text())["network"]["two_stream"]["motion"]
    assert motion["network"] == "small_3d" and motion["clip"]["frames"] == 8


def test_mcnn_ends_with_a_version_that_nothing_is_trained_on(stories: Stories) -> None:
    state = stories.objects.states[0]
    assert {"compute_cues@motion", "predict_pa@v2", "train_segmenter@v2"} <= state.ran[0]
    versions = state.summary["versions"]
    assert list(versions) == ["v0", "v1", "v2"] and state.summary["stopped_after"] == "v2"
    assert "model" in versions["v1"] and "model" not in versions["v2"]
    assert set(versions["v2"]["pa"]) >= MIOU
    assert set(state.summary["cues"]) == {"motion"}  # it asks no classifier for maps
    assert state.summary["cues"]["motion"]["jaccard"] > 50
    assert versions["v0"]["pa"]["iou_foreground"] > 30  # from motion, before any training
    # motion and colours have a part in the next ones, which a network of a few steps alone has not
    for version in ("v1", "v2"):
        own = versions[version]["pa"]
        assert own["jaccard"] > own["jaccard_initial"] + 5


def test_frame_to_frame_shares_what_both_recipes_need(stories: Stories) -> None:
    mcnn, state = stories.objects.states
    shared = {"make_demo@demo", "prepare_frames", "prepare_ground_truth", "compute_superpixels"}
    assert {*shared, "compute_cues@flow"} <= mcnn.ran[0] - state.ran[0]
    assert {
        "finetune_classifier@actor",
        "compute_cues@actor",
        "compute_cues@aggregated_actor",
    } <= state.ran[0]
    assert set(state.summary["cues"]) == {"cam", "aggregated"}
    versions = state.summary["versions"]
    assert list(versions) == ["v0", "v1"] and "model" in versions["v1"]
    v0 = versions["v0"]
    assert v0["pa"]["iou_foreground"] > 0 and v0["model"]["test"]["iou_foreground"] > 0


def test_still_images_stand_beside_the_videos_in_both(stories: Stories) -> None:
    """The pseudo-annotations that lie there are those of Frame-to-Frame."""
    folder = stories.objects.folder
    stills = {f"still{n:04d}" for n in range(6)}
    assert stills < {path.stem for path in (folder / "data/frames/videos").glob("*.arrow")}
    assert not stills & {path.stem for path in (folder / "data/cues/flow/videos").glob("*.arrow")}
    assert stills < {path.stem for path in (folder / "data/pa/v1/videos").glob("*.arrow")}
