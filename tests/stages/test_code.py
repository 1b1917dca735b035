from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.artifacts.tables import write_json
from pipeline.runtime.errors import InputError
from stages import cli
from stages.code import CANNOT_CHANGE_A_RESULT, stage_digest, stage_files, stage_names
from tests.imports import ROOT


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The code of the project, to be changed."""
    for room in ("pipeline", "stages"):
        shutil.copytree(ROOT / room, tmp_path / room)
    return tmp_path


def digests(root: Path) -> dict[str, str]:
    return {name: stage_digest(name, root) for name in stage_names(root)}


def change(root: Path, path: str, old: str, new: str) -> Path:
    """A copy of the tree ``root`` beside it with one text replaced."""
    changed = root.parent / f"{root.name}-changed"
    shutil.copytree(root, changed)
    text = (changed / path).read_text()
    assert old in text
    (changed / path).write_text(text.replace(old, new))
    return changed


def test_the_files_left_out_exist_and_say_why() -> None:
    for path, reason in CANNOT_CHANGE_A_RESULT.items():
        assert (ROOT / path).is_file(), path
        assert len(reason) > 10


def test_the_code_of_a_stage_is_what_it_imports() -> None:
    found = stage_files("train_segmenter")
    assert {"stages/train_segmenter.py", "pipeline/training/loop.py"} <= found
    assert {"pipeline/artifacts/store.py", "pipeline/networks/vgg.py"} <= found  # not by itself
    assert not found & set(CANNOT_CHANGE_A_RESULT)
    assert "pipeline/artifacts/frames.py" not in stage_files("make_demo")


def test_comments_and_docstrings_change_no_digest(copy: Path) -> None:
    before = digests(copy)
    for path in copy.rglob("*.py"):
        text = path.read_text()
        future = "from __future__ import annotations\n"
        path.write_text(text.replace(future, f"{future}# a remark\n'a bare string'\n"))
    assert digests(change(copy, "stages/cli.py", "bad input", "worse input")) == before


def test_an_operator_changes_the_stages_that_reach_it(copy: Path) -> None:
    before, path = digests(copy), "pipeline/vision/warping.py"
    after = digests(change(copy, path, "0.01 * size + 0.5", "0.01 * size + 0.6"))
    changed = {name for name in before if after[name] != before[name]}
    assert changed == {name for name in before if path in stage_files(name, copy)}
    assert {"estimate_flow", "aggregate_flow"} <= changed
    assert not {"make_demo", "prepare_frames", "finetune_classifier", "report"} & changed


def test_what_cannot_change_a_result_changes_none(copy: Path) -> None:
    before = digests(copy)
    changed = change(copy, "pipeline/runtime/progress.py", "mininterval=1.0", "mininterval=2.0")
    assert digests(changed) == before


def test_a_stage_with_the_digest_of_other_code_does_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cli.check_code("make_demo")  # DVC does not run it
    write_json(cli.CODE, {"make_demo": stage_digest("make_demo"), "report": "0" * 64})
    cli.check_code("make_demo")
    with pytest.raises(InputError, match=r"the code of report .* run dvc repro") as error:
        cli.check_code("report")
    assert "\n" not in str(error.value)
