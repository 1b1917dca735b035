from __future__ import annotations

import inspect
import shutil
import sys
from pathlib import Path

import pytest

from pipeline.artifacts.tables import write_json
from pipeline.cues.table import CUES
from pipeline.datasets.layouts import LAYOUTS
from pipeline.prediction.table import CORRECTIONS
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import Params
from pipeline.vision.superpixels import SUPERPIXELS
from stages import cli, code, compute_cues
from stages.code import CANNOT_CHANGE_A_RESULT, stage_digest, stage_files, stage_names
from stages.schema import OPTIONAL, SECTIONS
from tests.imports import ROOT


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The code of the project, to be changed."""
    for room in ("pipeline", "stages"):
        shutil.copytree(ROOT / room, tmp_path / room)
    return tmp_path


def digests(root: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in stage_names(root):
        own = code.digests(name, root)
        found |= {name: own} if isinstance(own, str) else {f"{name}.{p}": own[p] for p in own}
    return found


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
    assert changed == {
        n for n in before if path in stage_files(n.split(".")[0], n.partition(".")[2] or None, copy)
    }
    assert {f"compute_cues.{cue}" for cue in ("flow", "motion", "aggregated_actor")} <= changed
    untouched = {f"compute_cues.{cue}" for cue in ("actor", "action", "edges")}
    untouched |= {"make_demo", "prepare_frames", "finetune_classifier", "report"}
    assert untouched <= set(before) and not untouched & changed


def test_what_cannot_change_a_result_changes_none(copy: Path) -> None:
    before = digests(copy)
    changed = change(copy, "pipeline/runtime/progress.py", "mininterval=1.0", "mininterval=2.0")
    assert digests(changed) == before


CHECKED = {
    **SECTIONS,
    **OPTIONAL,
    **{f"cues.{name}": cue.params for name, cue in CUES.items()},
    **{f"dataset of layout {name}": layout.params for name, layout in LAYOUTS.items()},
    **{f"prediction.{name}": correction.params for name, correction in CORRECTIONS.items()},
    **{f"compute_superpixels.{name}": method.params for name, method in SUPERPIXELS.items()},
}


@pytest.mark.parametrize("name", CHECKED)
def test_the_check_of_the_parameters_depends_on_every_model(name: str) -> None:
    for model in CHECKED[name].__mro__:
        if issubclass(model, Params) and model.__module__.startswith("pipeline."):
            path = Path(inspect.getfile(model)).relative_to(ROOT).as_posix()
            assert path in stage_files("check_parameters"), model


@pytest.mark.parametrize(
    "path, old, new, others",
    [
        (
            "pipeline/prediction/params.py",
            "if len(set(names)) < len(names)",
            "if len(set(names)) <= len(names)",
            {"train_segmenter", "predict_pa", "evaluate_version", "colocalise"},
        ),
        (
            "pipeline/initial_pa/background.py",
            "ge=0",
            "gt=0",
            {"make_initial_pa", "evaluate_cues"},
        ),
        # of no stage but this one: right values pass unchanged
        ("stages/schema.py", 'seed"] < 0', 'seed"] < 1', set()),
        ("pipeline/runtime/params.py", 'extra="forbid"', 'extra="ignore"', set()),
    ],
)
def test_a_changed_rule_of_the_parameters_has_them_checked_again(
    copy: Path, path: str, old: str, new: str, others: set[str]
) -> None:
    before = digests(copy)
    after = digests(change(copy, path, old, new))
    changed = {name for name in before if after[name] != before[name]}
    assert changed == {"check_parameters", *others}


def test_a_stage_with_the_digest_of_other_code_does_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cli.check_code("make_demo", None)  # DVC does not run it
    write_json(cli.CODE, {"make_demo": stage_digest("make_demo"), "report": "0" * 64})
    cli.check_code("make_demo", None)
    with pytest.raises(InputError, match=r"the code of report .* run dvc repro") as error:
        cli.check_code("report", None)
    assert "\n" not in str(error.value)
    with pytest.raises(InputError, match="the code of select_pa "):
        cli.check_code("select_pa", None)  # of which there is no digest


def test_a_stage_of_parts_asks_for_the_digest_of_its_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = code.digests("compute_cues")
    assert isinstance(found, dict) and set(found) == set(CUES)
    assert len({*found.values()}) == len(found)  # of one file, too, each is its own
    write_json(cli.CODE, {"compute_cues": found | {"flow": found["edges"]}})
    cli.check_code("compute_cues", "edges")
    with pytest.raises(InputError, match="the code of compute_cues "):
        cli.check_code("compute_cues", "flow")
    with pytest.raises(InputError, match=r"code\.json knows no part depth of compute_cues"):
        cli.check_code("compute_cues", "depth")


def test_another_part_under_a_name_of_the_table_has_another_digest(copy: Path) -> None:
    before, table = digests(copy), "pipeline/cues/table.py"
    after = digests(change(copy, table, '"actor": ACTOR,', '"actor": ACTION,'))
    changed = {name for name in before if after[name] != before[name]}
    assert changed == {"compute_cues.actor", "check_parameters"}


def test_a_seed_that_is_read_in_another_way_is_other_code(copy: Path) -> None:
    before = digests(copy)
    after = digests(change(copy, "stages/config.py", '["seed"])', '["seed"]) + 1'))
    changed = {name for name in before if after[name] != before[name]}
    assert {"select_pa", "train_segmenter", "finetune_classifier"} <= changed


def test_the_check_comes_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The artifact that is handed over does not even lie there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    write_json(cli.CODE, {"compute_cues": {"flow": "0" * 64}})
    names = ("name", "frames", "cues", "classifier", "out", "digest")
    words = [word for n in names for word in (f"--{n}", "flow")]
    monkeypatch.setattr(sys, "argv", ["compute_cues", *words])
    with pytest.raises(SystemExit) as stopped:
        cli.run(compute_cues.run)
    assert stopped.value.code == 1
    error = capsys.readouterr().err
    assert error.startswith("error: the code of compute_cues is not the one that data/code.json")
    assert error.count("\n") == 1
