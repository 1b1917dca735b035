"""The installed distribution, and the tree that stages run from."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from wsvaas.__main__ import main

ROOT = Path(__file__).resolve().parents[1]


def test_the_command_says_its_version(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    monkeypatch.setattr(sys, "argv", ["wsvaas", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"wsvaas {version}\n"


def test_command_and_library_are_one_distribution() -> None:
    of_package = packages_distributions()
    assert set(of_package["wsvaas"]) == set(of_package["pipeline"]) == {"wsvaas"}
    assert not {"stages", "conf", "benchmarks", "tests"} & set(of_package)


def test_a_stage_runs_the_code_of_the_tree_it_stands_in(tmp_path: Path) -> None:
    for name in ("stages", "pipeline"):
        shutil.copytree(ROOT / name, tmp_path / name)
    with (tmp_path / "pipeline/runtime/errors.py").open("a") as file:
        file.write('\nprint("the code of the copy")\n')
    command = [sys.executable, "-m", "stages.collect_cues", "--help"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("the code of the copy\n")
