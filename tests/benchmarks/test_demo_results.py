from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchmarks import demo_results
from benchmarks.demo_results import Former, former_note, former_seeds, stored


@pytest.fixture(autouse=True)
def former(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = {
        "ws2": Former("ws2", "another rule", (1, 2)),
        "mcnn_located": Former("mcnn", "another rate"),
        "davis-mcnn_located": Former("davis-mcnn", "larger frames"),
        "frame_to_frame_unsure": Former("frame_to_frame", ""),
    }
    monkeypatch.setattr(demo_results, "FORMER", entries)


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / f"{name}.json").write_text("{}")


def test_a_file_of_the_new_name_goes_before_that_of_the_former_one(tmp_path: Path) -> None:
    put(tmp_path, "mcnn-seed0", "mcnn-seed1", "mcnn_located-seed1", "mcnn_located-seed2")
    found = {seed: path.stem for seed, path in stored(tmp_path, "mcnn_located").items()}
    assert found == {0: "mcnn-seed0", 1: "mcnn_located-seed1", 2: "mcnn_located-seed2"}
    assert former_seeds(tmp_path, "mcnn_located") == {0}
    assert stored(tmp_path, "vscr") == {}
    assert former_seeds(tmp_path, "vscr") == set()


def test_seed_0_on_real_video_has_no_number_in_its_name(tmp_path: Path) -> None:
    put(tmp_path, "davis-mcnn", "davis-mcnn-seed2", "davis-mcnn_located-seed0")
    found = {seed: path.stem for seed, path in stored(tmp_path, "davis-mcnn_located").items()}
    assert found == {0: "davis-mcnn", 2: "davis-mcnn-seed2"}
    assert former_seeds(tmp_path, "davis-mcnn_located") == {0, 2}
    put(tmp_path, "davis-mcnn_located")
    assert former_seeds(tmp_path, "davis-mcnn_located") == {2}


def test_what_was_measured_again_under_the_same_name_is_said_by_the_seeds(tmp_path: Path) -> None:
    assert former_note(tmp_path, "ws2") == []
    put(tmp_path, "ws2-seed0", "frame_to_frame-seed0")
    assert former_note(tmp_path, "ws2", "frame_to_frame_unsure") == []  # only the name is another
    put(tmp_path, "ws2-seed1", "ws2-seed2", "davis-mcnn")
    assert former_note(tmp_path, "ws2", "davis-mcnn_located") == [
        "`ws2` as measured here (seeds 1, 2) still had another rule; see `conf/recipe/ws2.yaml` "
        "for what it is now.",
        "`mcnn_located` as measured here (seed 0) still had larger frames; see "
        "`conf/recipe/mcnn_located.yaml` for what it is now.",
    ]


def test_a_recipe_runs_on_its_demo_and_keeps_its_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_results, "RESULTS", tmp_path)
    monkeypatch.setattr(demo_results, "SUMMARY", tmp_path / "summary.json")
    (tmp_path / "summary.json").write_text('{"seed": 7}')
    commands: list[list[str]] = []
    monkeypatch.setattr(subprocess, "run", lambda command, check: commands.append(command))
    demo_results.run_recipe("mcnn_located", 7, 1)
    composed, repro = commands
    assert composed[2:] == [
        *("conf.compose", "recipe=mcnn_located", "dataset=demo_objects", "seed=7"),
        *("machine.threads=1", "machine.jobs=1"),
    ]
    assert repro == ["dvc", "repro"]
    assert (tmp_path / "mcnn_located-seed7.json").read_text().split() == ["{", '"seed":', "7", "}"]
    demo_results.run_recipe("ws2", 0, None)
    assert commands[2][2:] == ["conf.compose", "recipe=ws2", "seed=0"]
