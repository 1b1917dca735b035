"""A recipe that ends with a version: it is predicted and scored, and nothing is trained on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from conf.compose import composed
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.models import read_description, write_absent_model
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.artifacts.tables import read_json, write_json
from stages import check_convergence, evaluate_ric, predict_pa, report, train_segmenter
from tests.tiny import write_frames, write_labels, write_maps, write_superpixels
from tests.tiny_versions import write_segmenter, write_selection

PARAMS = [
    *("versions=four", "check_convergence.last=v1", "report.videos=1", "machine.threads=1"),
    "prediction.criterion=ric",  # the one epoch of tests.tiny_versions
]
UNUSED = Path("motion"), Path("edges"), Path("action"), Path("action_cam")
FRAMES, TRUTH, SUPERPIXELS = Path("frames"), Path("truth"), Path("superpixels")


def run_version(version: str, before: str) -> None:
    """Every stage from the gate of ``version`` to its figures."""
    gate, pa, selection = Path(f"{version}.json"), Path("pa") / version, Path("chosen") / version
    model = Path("segmenters") / version
    previous = Path("segmenters") / before
    check_convergence.run(previous, Path("nothing"), before, gate)
    predict_pa.run(
        *(FRAMES, SUPERPIXELS, Path("pa") / before, Path("chosen") / before),
        *(previous, Path("action_cam"), Path("motion"), gate, version, pa),
    )
    write_selection(selection, LabelMaps(pa), Frames(FRAMES))
    train_segmenter.run(
        *(FRAMES, SUPERPIXELS, pa, selection, *UNUSED, previous),
        *(model, Path("curves") / version, Path("work")),
    )
    evaluate_ric.run(FRAMES, SUPERPIXELS, TRUTH, pa, selection, model, Path("figures") / version)


@pytest.fixture
def summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """v0 and v1 as if trained, v2 and v3 as the stages make them, and the report of all."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(yaml.safe_dump(composed(PARAMS)))
    frames = write_frames(FRAMES)
    write_maps(Path("action_cam"), {})
    write_superpixels(SUPERPIXELS, frames)
    MotionSegments.write_index(Path("motion"), [])
    write_labels(TRUTH, frames, {}, ("train", "val", "test"))
    for branch in ("actor", "action", "../nothing"):
        write_absent_model(Path("classifiers") / branch, "not needed")
    for version, ric in (("v0", 70.0), ("v1", 72.0)):
        pa, own = Path("pa") / version, Path("segmenters") / version
        labels = write_labels(pa, frames, {"version": version, "initial_share": 0.1})
        write_segmenter(own, ric)
        write_selection(Path("chosen") / version, labels, frames)
        evaluate_ric.run(
            *(FRAMES, SUPERPIXELS, TRUTH, pa, Path("chosen") / version, own),
            Path("figures") / version,
        )
    run_version("v2", "v1")
    run_version("v3", "v2")
    write_json(Path("cues.json"), {})
    report.run(
        *(FRAMES, TRUTH, Path("pa"), Path("classifiers"), Path("segmenters"), Path("figures")),
        *(Path("cues.json"), Path("summary.json"), Path("plots"), Path("report")),
    )
    return json.loads(Path("summary.json").read_text())


def test_it_is_predicted_by_the_last_segmenter(summary: dict[str, Any]) -> None:
    assert read_json(Path("v2.json")) == {"stop": False, "last": True, "version": "v1"}
    labels = LabelMaps(Path("pa/v2"))
    assert labels.last and not labels.stopped
    assert labels.videos == Frames(FRAMES).tagged("train", "val")
    assert labels.metadata["model"]["trained_on"] == "v1"
    assert labels.metadata["model"]["criterion"] == "ric"  # the next one would start from there


def test_nothing_is_trained_on_it_and_one_line_says_so(
    summary: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    reason = "PA.v2 is the recipe's last one"
    assert read_description(Path("segmenters/v2")) == {"absent": reason}
    capsys.readouterr()
    model = Path("segmenters/v2")
    args = (FRAMES, SUPERPIXELS, Path("pa/v2"), Path("chosen/v2"), *UNUSED, model)
    train_segmenter.run(*args, model, Path("curves/v2"), Path("work"))
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
    pa, again = Path("pa/v1"), Path("figures/again")
    for video in LabelMaps(pa).videos:
        maps = {n: LabelMaps(pa).labels(video, n) for n in LabelMaps(pa).frames(video)}
        LabelMaps.write(pa, video, maps, {n: 0 * m for n, m in maps.items()})
    model = Path("segmenters/v1")
    evaluate_ric.run(FRAMES, SUPERPIXELS, TRUTH, pa, Path("chosen/v1"), model, again)
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

    def refuse(model: object, init: Path, weights: object, criterion: str) -> None:
        raise Asked(init.name, criterion)

    monkeypatch.setattr(train_segmenter, "initialise_segmenter", refuse)
    frames = Frames(FRAMES)
    for criterion in ("last", "miou_pa"):
        made_by = {"trained_on": "v0", "criterion": criterion}
        write_labels(
            Path("pa/other"), frames, {"version": "v1", "model": made_by, "initial_share": 0.1}
        )
        args = (FRAMES, SUPERPIXELS, Path("pa/other"), Path("chosen/v2"), *UNUSED)
        with pytest.raises(Asked, match=f"before.*{criterion}"):
            train_segmenter.run(*args, Path("before"), Path("m"), Path("curves/m"), Path("work"))
