from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from conf.compose import composed
from pipeline.evaluation.convergence import ConvergenceParams
from pipeline.runtime.errors import InputError
from stages import cli, schema


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project folder, the working directory of the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return tmp_path


def write(text: str) -> None:
    cli.PARAMETERS.write_text(text)


def write_whole(*overrides: str) -> None:
    write(yaml.safe_dump(composed(list(overrides))))


def stage_of(seen: list[object]):  # type: ignore[no-untyped-def]
    def stage(frames: Path, version: str, out_dir: Path = Path("d")) -> None:
        """Do something with frames.

        More.
        """
        seen.append((frames, version, out_dir))
        if version == "bad":
            raise InputError("video 'x' is damaged")
        if version == "fault":
            raise RuntimeError("a fault of this project")

    return stage


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> list[object]:
    seen: list[object] = []
    monkeypatch.setattr(sys, "argv", ["stage", *arguments])
    cli.run(stage_of(seen))
    return seen


def test_arguments_become_paths_and_names(monkeypatch: pytest.MonkeyPatch) -> None:
    write_whole()
    assert call(monkeypatch, "--frames", "a/b", "--version", "v1") == [
        (Path("a/b"), "v1", Path("d"))
    ]
    assert call(monkeypatch, "--frames", "a", "--version", "v1", "--out-dir", "o") == [
        (Path("a"), "v1", Path("o"))
    ]


def test_a_missing_argument_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    write_whole()
    with pytest.raises(SystemExit) as stopped:
        call(monkeypatch, "--frames", "a")
    assert stopped.value.code == 2


def test_bad_input_is_one_line_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_whole()
    with pytest.raises(SystemExit) as stopped:
        call(monkeypatch, "--frames", "a", "--version", "bad")
    assert stopped.value.code == 1
    assert capsys.readouterr().err == "error: video 'x' is damaged\n"


def test_a_fault_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    write_whole()
    with pytest.raises(RuntimeError, match="a fault of this project"):
        call(monkeypatch, "--frames", "a", "--version", "fault")


def test_a_wrong_parameter_of_any_stage_stops_before_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_whole("train_segmenter.fit.lr=-1")
    seen: list[object] = []
    monkeypatch.setattr(sys, "argv", ["stage", "--frames", "a", "--version", "v"])
    with pytest.raises(SystemExit):
        cli.run(stage_of(seen))
    assert seen == []
    error = capsys.readouterr().err
    assert error.startswith("error: parameter train_segmenter.fit.lr = -1: ")
    assert error.count("\n") == 1


def test_parameters_are_checked_once_and_again_when_anything_changed(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    checked: list[int] = []
    monkeypatch.setattr(schema, "check_all", lambda values: checked.append(values["seed"]))
    part = folder / "pipeline" / "part.py"
    part.parent.mkdir()
    part.write_text("x = 1\n")
    for seed in (3, 3, 4, 3):  # only the last one that passed is remembered
        write_whole(f"seed={seed}")
        cli.check_parameters()
    assert checked == [3, 4, 3]
    part.write_text("x = 2\n")
    cli.check_parameters()
    assert checked == [3, 4, 3, 3]


def test_parameters_that_did_not_pass_are_not_remembered() -> None:
    write_whole("train_segmenter.fit.lr=-1")
    for _ in range(2):
        with pytest.raises(InputError, match=r"train_segmenter\.fit\.lr"):
            cli.check_parameters()


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just text\n"])
def test_a_file_without_sections(text: str) -> None:
    write(text)
    with pytest.raises(InputError, match=r"params\.yaml holds no sections; run python -m conf"):
        cli.read_parameters()


@pytest.mark.parametrize("text", ["a: [1\nb: 2\n", None])
def test_a_file_that_cannot_be_read(text: str | None) -> None:
    if text is not None:
        write(text)
    with pytest.raises(InputError, match=r"cannot read params\.yaml: ") as error:
        cli.read_parameters()
    assert "\n" not in str(error.value)


def test_sections() -> None:
    write("a: {b: {tolerance: 0.5}, c: null, d: 7}\n")
    assert cli.section("a.b", ConvergenceParams).tolerance == 0.5
    for name in ("a.x", "x", "a.b.x"):
        with pytest.raises(InputError, match=f"has no section {name}; run python -m conf.compose"):
            cli.section(name, ConvergenceParams)
    for name in ("a.c", "a.d"):
        with pytest.raises(InputError, match=f"section {name} of params.yaml must hold parameters"):
            cli.section(name, ConvergenceParams)
    with pytest.raises(InputError, match=r"^unknown parameter a\.b; allowed here: last, tolerance"):
        cli.section("a", ConvergenceParams)


def test_null_sections() -> None:
    write("make_demo: null\nfinetune_classifier: {actor: {x: 1}, action: null}\nzero: 0\n")
    assert cli.is_null("make_demo") and cli.is_null("finetune_classifier.action")
    assert cli.is_null("finetune_classifier.other") and cli.is_null("gone")
    assert not cli.is_null("finetune_classifier.actor") and not cli.is_null("zero")


def test_seed_and_machine() -> None:
    write_whole("seed=7", "machine.jobs=3")
    assert cli.seed() == 7
    assert cli.machine().jobs == 3
