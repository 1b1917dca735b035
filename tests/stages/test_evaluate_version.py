"""Figures of a version: of its labels and selection, and of its model where there is one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import yaml

from conf.compose import composed
from pipeline.artifacts.cues import Cues
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.models import Model, write_absent_model
from pipeline.artifacts.selections import Selection
from pipeline.artifacts.superpixels import Superpixels
from pipeline.artifacts.tables import read_json, write_json
from stages import evaluate_version
from tests.tiny import write_cues, write_frames, write_labels, write_superpixels
from tests.tiny_versions import write_segmenter, write_selection

# a recipe that has co-localisation, too: its figure is that of a stage of its own
RECIPE = ["recipe=mcnn", "predict_pa.criterion=ric", "machine.jobs=1", "machine.threads=1"]
OUT = Path("figures")


class Inputs(NamedTuple):
    """What the stage is handed, in the order of its arguments."""

    frames: Frames
    superpixels: Superpixels
    truth: LabelMaps
    pa: LabelMaps
    selection: Selection
    model: Model
    cues: Cues


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inputs:
    """Labels like the human masks, but for the second key frame of b, which has none."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(yaml.safe_dump(composed(RECIPE)))
    frames = write_frames(Path("frames"))
    truth = write_labels(Path("truth"), frames, {}, ("train", "val", "test"))
    pa = write_labels(Path("pa"), frames)
    maps = {1: pa.labels("b", 1), 3: np.zeros((32, 40), np.uint8)}
    LabelMaps.write(Path("pa"), "b", maps)
    return Inputs(
        frames,
        write_superpixels(Path("superpixels"), frames),
        truth,
        pa,
        write_selection(Path("chosen"), pa, frames),
        write_segmenter(Path("segmenter"), 70.0),
        write_cues(Path("cues")),
    )


def evaluate(inputs: Inputs) -> dict[str, Any]:
    evaluate_version.run(*inputs, OUT)
    found: dict[str, Any] = read_json(OUT / "scores.json")
    return found


def biased(inputs: Inputs, **bias: float) -> Inputs:
    """The same with what was calibrated for the model."""
    folder = inputs.model.folder
    description = read_json(folder / "model.json") | {"background_bias": {"ric": bias}}
    write_json(folder / "model.json", description)
    return inputs._replace(model=Model(folder))


def test_labels_are_held_against_the_human_masks(inputs: Inputs) -> None:
    figures = evaluate(inputs)
    # of six squares of one size in the training frames five are found, and nothing else
    assert figures["pa"]["iou_foreground"] == pytest.approx(100 * 5 / 6)
    assert figures["pa"]["jaccard"] == pytest.approx((100 + 50 + 100) / 3)
    sequences = pd.read_csv(OUT / "sequences.csv")
    assert dict(zip(sequences["video"], sequences["jaccard"], strict=True)) == {
        "a": 100, "b": 50, "c": 100
    }  # fmt: skip


def test_a_selection_has_the_figures_of_its_frames_alone(inputs: Inputs) -> None:
    table = inputs.selection.frames
    table["selected"] = ~((table["video"] == "b") & (table["frame"] == 3))
    report = {"rule": "random", "selected": 5, "told": 61.0}
    Selection.write(Path("chosen"), table, inputs.selection.regions, report)
    selected = evaluate(inputs)["selected"]
    assert selected["iou_foreground"] == 100 and selected["jaccard"] == 100
    assert selected["fraction"] == pytest.approx(100 * 5 / 6)
    # and what it says of itself
    assert (selected["rule"], selected["told"]) == ("random", 61.0) and "selected" not in selected


def test_a_model_has_the_figures_of_the_epoch_that_answers(inputs: Inputs) -> None:
    # nobody's tags are known here, so the bias is the one of that
    model = evaluate(biased(inputs, with_tags=7.0, without_tags=3.0))["model"]
    expected = {"ric": 70.0, "rii": 60.0, "miou_pa": 40.0, "best_epoch": 2, "background_bias": 3.0}
    assert expected == {name: model[name] for name in expected}
    assert set(model) == {*expected, "val", "test"}
    # what the square of each key frame of test video f was taken for
    regions = pd.read_csv(OUT / "regions.csv")
    assert regions["actual"].tolist() == ["bird-flying"] * 2


@pytest.mark.parametrize("bias", [1e3, -1e3])
def test_the_model_answers_with_its_bias_and_without_tags(inputs: Inputs, bias: float) -> None:
    """Of the test video's two squares every pixel is background, or none is."""
    recipe = [*RECIPE, "prediction.corrections=[area_anchor]"]
    Path("params.yaml").write_text(yaml.safe_dump(composed(recipe)))
    figures = evaluate(biased(inputs, with_tags=-bias, without_tags=bias))["model"]
    predicted = pd.read_csv(OUT / "regions.csv")["predicted"]
    assert len(predicted) == 2
    assert ((predicted == "background") == (bias > 0)).all()
    assert figures["background_bias"] == bias
    for split in ("val", "test"):
        # a square of 12 x 12 in each frame of 32 x 40, and all of the frame or none
        found = 100 * 12 * 12 / (32 * 40) if bias < 0 else 0.0
        assert figures[split]["iou_foreground"] == pytest.approx(found)


def test_a_version_without_a_model(inputs: Inputs) -> None:
    write_absent_model(Path("none"), "PA.v2 is the recipe's last one")
    figures = evaluate(inputs._replace(model=Model(Path("none"))))
    assert set(figures) == {"pa", "selected"}
    assert len(pd.read_csv(OUT / "regions.csv")) == 0
    assert len(pd.read_csv(OUT / "sequences.csv")) == 3


def test_a_version_that_was_not_made(inputs: Inputs) -> None:
    LabelMaps.write_index(Path("stopped"), [], {"version": "v3", "stopped_after": "v2"})
    stopped = inputs._replace(pa=LabelMaps(Path("stopped")))
    assert evaluate(stopped) == {"stopped_after": "v2"}
    for name, columns in (
        ("regions", ["actual", "predicted"]),
        ("sequences", ["video", "jaccard"]),
    ):
        table = pd.read_csv(OUT / f"{name}.csv")
        assert table.columns.tolist() == columns and len(table) == 0
