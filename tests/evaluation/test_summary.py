from __future__ import annotations

from typing import Any

import pandas as pd

from pipeline.evaluation.summary import epoch_curves, summarise, text_table, version_curves


def scores(base: float) -> dict[str, float]:
    names = ("miou_actor_action", "miou_actor", "miou_action", "iou_foreground")
    return {name: base + i for i, name in enumerate(names)}


def figures(base: float) -> dict[str, Any]:
    return {
        "pa": scores(base),
        "selected": {**scores(base + 10), "fraction": 40.0, "rank_correlation": 0.123},
        "model": {
            "best_epoch": 4,
            "ric": 77.7,
            "rii": 80.0,
            "miou_pa": 37.7,
            "val": scores(base + 20),
            "test": scores(base + 30),
        },
    }


HEADER = {"recipe": "ws2", "dataset": "demo", "seed": 3}
CLASSIFIERS: dict[str, Any] = {
    "actor": {"epochs": [], "val_accuracy": 90.0, "test_accuracy": 88.25},
    "action": {},  # not needed
}
VERSIONS = {"v0": figures(20.0), "v1": figures(21.0), "v2": {"stopped_after": "v1"}}


def test_summary_has_the_keys_that_readers_count_on() -> None:
    found = summarise(HEADER, CLASSIFIERS, VERSIONS, {})
    assert {k: found[k] for k in HEADER} == HEADER
    assert found["classifiers"] == {
        "actor": {"val_accuracy": 90.0, "test_accuracy": 88.25},
        "action": {"val_accuracy": None, "test_accuracy": None},
    }
    assert found["versions"] == {"v0": VERSIONS["v0"], "v1": VERSIONS["v1"]}
    assert found["stopped_after"] == "v1" and found["cues"] == {}
    motion = {"motion": {"jaccard": 60.0, "by_video": {"a": 60.0}}}
    assert summarise(HEADER, CLASSIFIERS, VERSIONS, motion)["cues"] == motion


def test_table_shows_each_figure_in_its_column() -> None:
    table = text_table(summarise(HEADER, CLASSIFIERS, VERSIONS, {}))
    lines = table.splitlines()
    assert len(lines) == 6 and max(map(len, lines[:4])) <= 120
    v0, v1 = (line.split() for line in lines[2:4])
    expected = "v0 20.0 21.0 23.0 30.0 33.0 40.0 0.12 4 77.7 50.0 51.0 53.0"
    assert v0 == expected.split()
    assert v1[:4] == ["v1", "21.0", "22.0", "24.0"]
    # a figure ends where its heading ends
    ends = [i for i, c in enumerate(lines[1] + " ") if c == " " and (lines[1] + " ")[i - 1] != " "]
    below = [i for i, c in enumerate(lines[2] + " ") if c == " " and (lines[2] + " ")[i - 1] != " "]
    assert [e for e in ends if e > 0] == below[1:]
    assert "recipe ws2, data set demo, seed 3" in lines[-1].lower()
    assert "actor 88.2, action -" in lines[-1]


def test_the_last_version_has_no_model() -> None:
    last = {k: v for k, v in figures(22.0).items() if k != "model"}
    versions = {"v0": VERSIONS["v0"], "v1": last, "v2": {"stopped_after": "v1"}}
    found = summarise(HEADER, CLASSIFIERS, versions, {})
    assert found["versions"]["v1"] == last and found["stopped_after"] == "v1"
    lines = text_table(found).splitlines()
    expected = "v1 22.0 23.0 25.0 32.0 35.0 40.0 0.12"
    assert lines[3].split() == [*expected.split(), *"-----"]
    assert len(lines[3]) == len(lines[2])
    curves = version_curves(found)
    assert curves["of"].tolist() == ["PA", "selected PA", "model on test", "PA", "selected PA"]


def test_table_without_human_masks() -> None:
    nothing = dict.fromkeys(scores(0))
    bare = figures(0.0)
    bare["pa"] = nothing
    bare["selected"] = {**nothing, "fraction": 40.0, "rank_correlation": None}
    bare["model"] |= {"test": nothing, "val": nothing}
    lines = text_table(summarise(HEADER, CLASSIFIERS, {"v0": bare}, {})).splitlines()
    assert lines[2].split() == ["v0", *"-----", "40.0", "-", "4", "77.7", *"---"]


def test_epoch_curves() -> None:
    epochs = [{"epoch": 1.0, "loss": 2.5, "ric": 60.0, "rii": 50.0, "miou_pa": 35.0}]
    table = epoch_curves({"v0": {"epochs": epochs}, "v1": {"epochs": epochs * 2}, "v2": {}})
    assert list(table.columns) == ["version", "epoch", "loss", "ric", "rii", "miou_pa"]
    assert table["version"].tolist() == ["v0", "v1", "v1"]
    assert table.iloc[0].tolist() == ["v0", 1, 2.5, 60.0, 50.0, 35.0]
    assert table.to_csv(index=False).splitlines()[1] == "v0,1,2.5,60.0,50.0,35.0"


def test_version_curves() -> None:
    table = version_curves(summarise(HEADER, CLASSIFIERS, VERSIONS, {}))
    assert len(table) == 6
    v1 = table[table["version"] == "v1"].set_index("of")["miou_actor_action"]
    expected = pd.Series({"PA": 21.0, "selected PA": 31.0, "model on test": 51.0})
    assert v1.to_dict() == expected.to_dict()
    assert table["iou_foreground"].tolist()[:3] == [23.0, 33.0, 53.0]
