"""A recipe that ends with a version: it is predicted and scored, and nothing is trained on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest
import yaml

from conf.compose import composed
from pipeline.artifacts.cues import Cues
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.models import Model, read_description, write_model
from pipeline.artifacts.selections import Selection
from pipeline.artifacts.superpixels import Superpixels
from pipeline.artifacts.tables import read_json, write_json
from pipeline.runtime.errors import InputError
from stages import check_convergence, evaluate_version, predict_pa, report, train_segmenter
from tests.tiny import write_cues, write_frames, write_labels, write_superpixels
from tests.tiny_versions import write_segmenter, write_selection

PARAMS = [
    *("versions=four", "check_convergence.last=v1", "report.videos=1", "machine.threads=1"),
    "predict_pa.criterion=ric",  # the one epoch of tests.tiny_versions
]


class Shared(NamedTuple):
    """What the stages of every version read."""

    frames: Frames
    superpixels: Superpixels
    truth: LabelMaps
    cues: Cues


class Version(NamedTuple):
    """What there is of one version."""

    pa: LabelMaps
    selection: Selection
    model: Model


def shared() -> Shared:
    return Shared(
        Frames(Path("frames")),
        Superpixels(Path("superpixels")),
        LabelMaps(Path("truth")),
        Cues(Path("cues")),
    )


def stored(version: str) -> Version:
    return Version(
        LabelMaps(Path("pa") / version),
        Selection(Path("chosen") / version),
        Model(Path("segmenters") / version),
    )


def train(version: str, pa: LabelMaps, selection: Selection, init: Model | None) -> None:
    frames, superpixels, _, cues = shared()
    train_segmenter.run(
        *(frames, superpixels, pa, selection, cues, None, init),
        *(Path("segmenters") / version, Path("curves") / version, Path("work")),
    )


def evaluate(version: Version, out: Path) -> None:
    frames, superpixels, truth, cues = shared()
    evaluate_version.run(frames, superpixels, truth, *version, cues, out)


def run_version(version: str, before: str) -> None:
    """Every stage from the gate of ``version`` to its figures."""
    gate, out = Path(f"{version}.json"), Path("pa") / version
    (frames, superpixels, _, cues), previous = shared(), stored(before)
    check_convergence.run(previous.model, None, before, gate)
    predict_pa.run(frames, superpixels, *previous, cues, gate, version, out)
    pa = LabelMaps(out)
    selection = write_selection(Path("chosen") / version, pa, frames)
    train(version, pa, selection, previous.model)
    evaluate(stored(version), Path("figures") / version)


@pytest.fixture
def summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """v0 and v1 as if trained, v2 and v3 as the stages make them, and the report of all."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(yaml.safe_dump(composed(PARAMS)))
    frames = write_frames(Path("frames"))
    write_superpixels(Path("superpixels"), frames)
    write_cues(Path("cues"))
    write_labels(Path("truth"), frames, {}, ("train", "val", "test"))
    for branch, right in (("actor", 81.0), ("action", 62.0), ("other", 3.0)):
        history = {"val_accuracy": right + 1, "test_accuracy": right}
        write_model(Path("classifiers") / branch, {}, history, {})
    for version, ric in (("v0", 70.0), ("v1", 72.0)):
        metadata = {"version": version, "initial_share": 0.1}
        labels = write_labels(Path("pa") / version, frames, metadata)
        write_segmenter(Path("segmenters") / version, ric)
        write_selection(Path("chosen") / version, labels, frames)
        evaluate(stored(version), Path("figures") / version)
    run_version("v2", "v1")
    run_version("v3", "v2")
    write_json(Path("cues.json"), {"cam": {"iou_foreground": 30.0}})
    return summarised(Path("classifiers"), None)


def summarised(classifiers: Path | None, corloc: Path | None) -> dict[str, Any]:
    """What the report says of all versions."""
    report.run(
        *(shared().frames, shared().truth, Path("pa"), classifiers, Path("segmenters")),
        *(Path("figures"), corloc, Path("cues.json")),
        *(Path("summary.json"), Path("plots"), Path("report")),
    )
    found: dict[str, Any] = json.loads(Path("summary.json").read_text())
    return found


def test_it_is_predicted_by_the_last_segmenter(summary: dict[str, Any]) -> None:
    assert read_json(Path("v2.json")) == {"stop": False, "last": True, "version": "v1"}
    labels = LabelMaps(Path("pa/v2"))
    assert labels.last and not labels.stopped
    assert labels.videos == shared().frames.tagged("train", "val")
    assert labels.metadata["model"]["trained_on"] == "v1"
    assert labels.metadata["model"]["criterion"] == "ric"  # the next one would start from there


def test_nothing_is_trained_on_it_and_one_line_says_so(
    summary: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    reason = "PA.v2 is the recipe's last one"
    assert read_description(Path("segmenters/v2")) == {"absent": reason}
    capsys.readouterr()
    train("v2", *stored("v2"))
    assert capsys.readouterr().out == f"segmenter v2: not trained, {reason}\n"


def test_it_has_figures_without_a_model(summary: dict[str, Any]) -> None:
    assert list(summary["versions"]) == ["v0", "v1", "v2"]
    assert set(summary["versions"]["v1"]) == {"pa", "selected", "model"}
    v2 = summary["versions"]["v2"]
    assert set(v2) == {"pa", "selected"}
    assert 0 <= v2["pa"]["miou_actor_action"] < summary["versions"]["v1"]["pa"]["miou_actor_action"]
    assert v2["selected"]["fraction"] == 100.0
    assert {"a", "b", "c"} == set(pd.read_csv("figures/v2/sequences.csv")["video"])


def test_the_jaccard_of_videos_is_that_of_finished_maps(summary: dict[str, Any]) -> None:
    version, again = stored("v1"), Path("figures/again")
    for video in version.pa.videos:
        maps = {n: version.pa.labels(video, n) for n in version.pa.frames(video)}
        LabelMaps.write(Path("pa/v1"), video, maps, {n: 0 * m for n, m in maps.items()})
    evaluate(version, again)
    assert pd.read_csv(again / "sequences.csv")["jaccard"].tolist() == [100] * 3
    scores = read_json(again / "scores.json")["pa"]
    assert (scores["jaccard"], scores["jaccard_initial"]) == (100, 0)


def test_later_versions_are_stopped(summary: dict[str, Any]) -> None:
    assert summary["stopped_after"] == "v2"
    assert read_json(Path("v3.json")) == {"stop": True, "last": False, "version": "v2"}
    assert LabelMaps(Path("pa/v3")).metadata == {"version": "v3", "stopped_after": "v2"}
    assert read_description(Path("segmenters/v3")) == {"absent": "stopped after v2"}
    assert read_json(Path("figures/v3/scores.json")) == {"stopped_after": "v2"}


def test_the_report_shows_it(summary: dict[str, Any]) -> None:
    lines = Path("report/table.txt").read_text().splitlines()
    v1, v2 = (next(line for line in lines if line.startswith(v)).split() for v in ("v1", "v2"))
    assert v1[8] == "2" and "-" not in v1[8:]  # best epoch, and all figures of the model
    assert v2[1] != "-" and v2[8:] == ["-"] * 5
    curves = pd.read_csv("plots/versions.csv")
    assert curves["version"].tolist() == ["v0"] * 3 + ["v1"] * 3 + ["v2"] * 2
    assert pd.read_csv("plots/epochs.csv")["version"].tolist() == ["v0", "v1"]
    assert len(pd.read_csv("plots/confusion.csv")) == 2  # the regions of test video f, by v1


def test_a_training_starts_from_the_epoch_that_predicted_its_labels(
    summary: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Asked(Exception):
        pass

    def refuse(model: object, init: Model, weights: object, criterion: str) -> None:
        raise Asked(init.folder.name, criterion)

    monkeypatch.setattr(train_segmenter, "initialise_segmenter", refuse)
    _, selection, before = stored("v1")
    for criterion in ("last", "miou_pa"):
        made_by = {"trained_on": "v0", "criterion": criterion}
        metadata = {"version": "v1", "model": made_by, "initial_share": 0.1}
        other = write_labels(Path("pa/other"), shared().frames, metadata)
        with pytest.raises(Asked, match=f"v1.*{criterion}"):
            train("m", other, selection, before)


def test_a_predicted_version_of_which_nothing_is_selected_ends_the_evolution(
    summary: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    _, selection, before = stored("v1")
    none = selection.frames.assign(selected=False)
    Selection.write(Path("chosen/none"), none, selection.regions, selection.report)
    predicted = {"version": "v1", "model": {"trained_on": "v0", "criterion": "last"}}
    other = write_labels(Path("pa/other"), shared().frames, predicted)
    capsys.readouterr()
    train("none", other, Selection(Path("chosen/none")), before)
    reason = "the selection found nothing to train on in PA.v1"
    assert capsys.readouterr().out == f"segmenter v1: not trained, {reason}\n"
    model = Model(Path("segmenters/none"))
    assert model.absent and read_description(model.folder) == {"absent": reason}
    check_convergence.run(model, before, "v1", Path("none.json"))
    assert read_json(Path("none.json"))["stop"]
    with pytest.raises(InputError, match="nothing to train on"):  # of the first PA
        train("first", stored("v1").pa, Selection(Path("chosen/none")), None)


def test_the_report_names_the_classifiers_that_the_recipe_trains(summary: dict[str, Any]) -> None:
    assert summary["classifiers"] == {
        "actor": {"val_accuracy": 82, "test_accuracy": 81},
        "action": {"val_accuracy": 63, "test_accuracy": 62},
    }
    assert summary["cues"] == {"cam": {"iou_foreground": 30}}
    unknown = {"val_accuracy": None, "test_accuracy": None}
    # what a recipe before has left there is none of this one's
    Path("params.yaml").write_text(yaml.safe_dump(composed([*PARAMS, "tags=objects"])))
    with_actors = summarised(Path("classifiers"), None)["classifiers"]
    assert with_actors == {"actor": summary["classifiers"]["actor"], "action": unknown}
    assert summarised(None, None)["classifiers"] == {"actor": unknown, "action": unknown}


def test_the_report_names_co_localisation_where_the_recipe_has_it(summary: dict[str, Any]) -> None:
    folder = Path("corloc")
    for version, found in (("v0", 20), ("v1", 30), ("v2", None), ("v3", None)):
        write_json(folder / f"{version}.json", {} if found is None else {"corloc": found})
    assert all("corloc" not in f.get("model", {}) for f in summary["versions"].values())
    versions = summarised(None, folder)["versions"]
    assert {v: f["model"]["corloc"] for v, f in versions.items() if "model" in f} == {
        "v0": 20,
        "v1": 30,
    }
    assert list(versions) == ["v0", "v1", "v2"]
