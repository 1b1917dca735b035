from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
import yaml

from conf.compose import composed
from pipeline.artifacts.cues import Cues
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.models import Model, write_absent_model
from pipeline.artifacts.selections import Selection
from pipeline.artifacts.store import Artifact
from pipeline.cues.video_maps import CamParams
from pipeline.evaluation.convergence import ConvergenceParams
from pipeline.runtime.errors import InputError
from stages import cli, config
from stages.code import stage_names
from tests.tiny import write_cues, write_frames


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project folder, the working directory of the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return tmp_path


def write(text: str) -> None:
    config.PARAMETERS.write_text(text)


def write_whole(*overrides: str) -> None:
    write(yaml.safe_dump(composed(list(overrides))))


def stage_of(seen: list[object]):  # type: ignore[no-untyped-def]
    def stage(frames: Path, version: str, out_dir: Path) -> None:
        """Do something with frames.

        More.
        """
        seen.append((frames, version, out_dir))
        if version == "bad":
            raise InputError("video 'x' is damaged")
        if version == "fault":
            raise RuntimeError("a fault of this project")

    return stage


def call(monkeypatch: pytest.MonkeyPatch, version: str) -> list[object]:
    seen: list[object] = []
    monkeypatch.setattr(
        sys, "argv", ["stage", "--frames", "a/b", "--version", version, "--out-dir", "o"]
    )
    cli.run(stage_of(seen))
    return seen


def test_arguments_become_paths_and_names(monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(monkeypatch, "v1") == [(Path("a/b"), "v1", Path("o"))]


@pytest.mark.parametrize("missing", ["--frames", "--version", "--out-dir"])
def test_a_missing_argument_is_refused(
    missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"--frames": "a", "--version": "v1", "--out-dir": "o"}
    del given[missing]
    words = [word for pair in given.items() for word in pair]
    monkeypatch.setattr(sys, "argv", ["stage", *words])
    seen: list[object] = []
    with pytest.raises(SystemExit) as stopped:
        cli.run(stage_of(seen))
    assert stopped.value.code == 2 and seen == []
    assert f"required: {missing}" in capsys.readouterr().err


def test_bad_input_is_one_line_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        call(monkeypatch, "bad")
    assert stopped.value.code == 1
    assert capsys.readouterr().err == "error: video 'x' is damaged\n"


def test_a_fault_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError, match="a fault of this project"):
        call(monkeypatch, "fault")


def test_an_artifact_that_is_not_there_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[object] = []

    def stage(frames: Frames, before: Model | None) -> None:
        """Read frames."""
        seen.append((frames, before))

    monkeypatch.setattr(sys, "argv", ["stage", "--frames", "data/frames", "--before", "README.md"])
    with pytest.raises(SystemExit) as stopped:
        cli.run(stage)
    assert stopped.value.code == 1 and seen == []
    error = capsys.readouterr().err
    assert error.startswith("error: data/frames is not a whole frames artifact")
    assert error.count("\n") == 1
    write_frames(Path("data/frames"))
    cli.run(stage)
    ((frames, before),) = seen  # type: ignore[misc]
    assert isinstance(frames, Frames) and frames.folder == Path("data/frames") and before is None


@pytest.mark.parametrize("hint", [str, Literal["actor", "action"]])
def test_a_stage_is_handed_a_name(hint: Any) -> None:
    assert cli.convert("branch", "actor", hint) == "actor"


@pytest.mark.parametrize("hint", [Path, Path | None])
def test_a_stage_is_handed_a_path(hint: Any) -> None:
    found = cli.convert("out", "data/pa/v0", hint)
    assert isinstance(found, Path) and found == Path("data/pa/v0")  # nothing need lie there


def test_a_stage_is_handed_open_readers() -> None:
    write_frames(Path("frames"))
    write_absent_model(Path("model"), "stopped")
    write_cues(Path("cues"))
    frames = cli.convert("frames", "frames", Frames)
    assert isinstance(frames, Frames) and frames.videos == list("abcdef")
    for hint in (Model, Model | None):
        model = cli.convert("model", "model", hint)
        assert isinstance(model, Model) and model.description == {"absent": "stopped"}
    cues = cli.convert("cues", "cues", Cues)
    assert isinstance(cues, Cues) and cues.names == ()


@pytest.mark.parametrize("text", ["README.md", "models/README.md", "data/README.md"])
@pytest.mark.parametrize("hint", [Model | None, Path | None])
def test_the_placeholder_is_nothing(text: str, hint: Any) -> None:
    Path(text).parent.mkdir(exist_ok=True)
    Path(text).write_text("Nothing lies here.\n")
    assert cli.convert("init", text, hint) is None


@pytest.mark.parametrize("hint", [Frames, Model, Path])
def test_the_placeholder_of_what_a_stage_needs(hint: Any) -> None:
    with pytest.raises(InputError, match=r"^--ground-truth is needed, and the recipe has none$"):
        cli.convert("ground_truth", "models/README.md", hint)


@pytest.mark.parametrize("text", ["models/README.md/x", "models/README", "README.mdx"])
def test_no_other_name_is_the_placeholder(text: str) -> None:
    assert cli.convert("images", text, Path | None) == Path(text)


@pytest.mark.parametrize("hint", [Model, Model | None])
def test_only_the_placeholder_stands_for_what_is_not_there(hint: Any) -> None:
    with pytest.raises(InputError) as error:
        cli.convert("init", "models/none", hint)
    assert "models/none" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("stage", stage_names())
def test_the_arguments_of_every_stage_can_be_made_from_text(stage: str) -> None:
    run = importlib.import_module(f"stages.{stage}").run
    hints = get_type_hints(run)
    for name in inspect.signature(run).parameters:
        kinds = get_args(hints[name]) if isinstance(hints[name], UnionType) else (hints[name],)
        assert kinds[1:] in ((), (NoneType,)), name
        readers = (Artifact, Cues, Model, Selection)
        known = kinds[0] in (str, Path) or get_origin(kinds[0]) is Literal
        assert known or issubclass(kinds[0], readers), name


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just text\n"])
def test_a_file_without_sections(text: str) -> None:
    write(text)
    with pytest.raises(InputError, match=r"params\.yaml holds no sections; run python -m conf"):
        config.read_parameters()


@pytest.mark.parametrize("text", ["a: [1\nb: 2\n", None])
def test_a_file_that_cannot_be_read(text: str | None) -> None:
    if text is not None:
        write(text)
    with pytest.raises(InputError, match=r"cannot read params\.yaml: ") as error:
        config.read_parameters()
    assert "\n" not in str(error.value)


def test_sections() -> None:
    write("a: {b: {tolerance: 0.5}, c: null, d: 7}\n")
    assert config.section("a.b", ConvergenceParams).tolerance == 0.5
    for name in ("a.x", "x", "a.b.x"):
        with pytest.raises(InputError, match=f"has no section {name}; run python -m conf.compose"):
            config.section(name, ConvergenceParams)
    for name in ("a.c", "a.d"):
        with pytest.raises(InputError, match=f"section {name} of params.yaml must hold parameters"):
            config.section(name, ConvergenceParams)
    with pytest.raises(InputError, match=r"^unknown parameter a\.b; allowed here: last, tolerance"):
        config.section("a", ConvergenceParams)


def test_the_parameters_of_a_cue_are_all_but_its_wiring() -> None:
    write(
        "cues:\n"
        "  actor: {model: classifier/actor, reads: [README.md], method: grad_cam++}\n"
        "  action: {methud: cam}\n"
        "  flow: null\n"
    )
    assert config.cue_params("actor", CamParams) == CamParams(method="grad_cam++")
    with pytest.raises(InputError, match=r"^unknown parameter cues\.action\.methud; allowed here:"):
        config.cue_params("action", CamParams)
    for name in ("flow", "edges"):
        with pytest.raises(InputError, match=f"has no section cues.{name}; run python -m conf"):
            config.cue_params(name, CamParams)
    write("seed: 0\n")
    with pytest.raises(InputError, match=r"has no section cues\.actor; run python -m conf"):
        config.cue_params("actor", CamParams)


def test_seed_and_machine() -> None:
    write_whole("seed=7", "machine.jobs=3")
    assert config.seed() == 7
    assert config.machine().jobs == 3
