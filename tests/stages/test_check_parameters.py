"""The stage that all others wait for: it passes right parameters and says nothing of them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from conf.compose import composed
from stages import check_parameters, cli, config


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(sys, "argv", ["check_parameters", "--out", "data/parameters.json"])


OUT = Path("data/parameters.json")


def check(*overrides: str) -> None:
    config.PARAMETERS.write_text(yaml.safe_dump(composed(list(overrides))))
    cli.run(check_parameters.run)


def test_what_it_writes_is_the_same_whatever_it_has_passed() -> None:
    """The stages that depend on it would else run again for every parameter of any other one."""
    written = set()
    for overrides in ((), ("seed=3",), ("recipe=mcnn",), ("recipe=ws2", "tags=objects")):
        check(*overrides)
        written.add(OUT.read_bytes())
        OUT.unlink()
    assert len(written) == 1


@pytest.mark.parametrize(
    "override, message",
    [
        ("train_segmenter.fit.lr=-1", "error: parameter train_segmenter.fit.lr = -1: "),
        ("select_pa.selection.rule=motion", "error: the rule motion of select_pa.selection needs"),
        ("recipe=frame_to_frame", "error: recipe frame_to_frame learns from still images beside"),
        ("dataset.root=???", "error: parameter dataset.root has no value; add dataset.root="),
    ],
)
def test_a_wrong_parameter_of_any_stage_is_one_line_and_writes_nothing(
    override: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        check(override)
    assert stopped.value.code == 1 and not OUT.exists()
    error = capsys.readouterr().err
    assert error.startswith(message) and error.count("\n") == 1


def test_what_was_wrong_once_may_be_right_the_next_time() -> None:
    with pytest.raises(SystemExit):
        check("train_segmenter.fit.lr=-1")
    check("train_segmenter.fit.lr=0.1")
    assert OUT.is_file()
