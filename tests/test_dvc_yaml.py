"""dvc.yaml against the code: what a stage imports it depends on, and little more."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest

from conf.compose import composed
from pipeline.refinement.prediction import PredictionParams
from stages.schema import OTHER, SECTIONS
from tests.dag import RESOLVED, STAGES, covers, is_code, outs_of, paths
from tests.imports import ROOT, closure, module_file

# Code that cannot change a result: an edit there must not rerun a week of training.
CANNOT_CHANGE_A_RESULT = {
    "stages/cli.py": "arguments, reading params.yaml, printing errors",
    "stages/schema.py": "refuses wrong parameters before work; right ones pass unchanged",
    "pipeline/runtime/errors.py": "the class of an exception",
    "pipeline/runtime/params.py": "types and error texts; values are what params.yaml says",
    "pipeline/runtime/parallel.py": "where the map over videos runs; order and results are fixed",
    "pipeline/runtime/machine.py": "where the work runs; `precision` is a parameter of its own",
    "pipeline/runtime/progress.py": "progress bars",
    "pipeline/runtime/curves.py": "training curves for the eye; the values stand in history.json",
    "pipeline/runtime/resume.py": "continues a killed training to the same weights",
}
WITHOUT = frozenset(CANNOT_CHANGE_A_RESULT)


def code_deps(name: str) -> list[str]:
    return [dep for dep in paths(STAGES[name], "deps") if is_code(dep)]


def imported(name: str) -> set[str]:
    return closure(f"stages/{name}.py", WITHOUT)


def test_the_files_left_out_exist_and_say_why() -> None:
    for path, reason in CANNOT_CHANGE_A_RESULT.items():
        assert (ROOT / path).is_file(), path
        assert len(reason) > 10


def test_imports_are_followed_through_files_and_into_functions() -> None:
    found = imported("train_segmenter")
    assert {"stages/train_segmenter.py", "pipeline/training/loop.py"} <= found
    assert {"pipeline/artifacts/store.py", "pipeline/networks/vgg.py"} <= found  # not by itself
    assert not found & WITHOUT
    everything = closure("stages/make_demo.py", frozenset())
    assert {"stages/schema.py", "pipeline/training/discriminator.py"} <= everything  # by cli.run
    assert "pipeline/artifacts/frames.py" not in imported("make_demo")


@pytest.mark.parametrize("name", list(STAGES))
def test_deps_cover_all_imported_code(name: str) -> None:
    missing = {p for p in imported(name) if not any(covers(dep, p) for dep in code_deps(name))}
    assert not missing, f"add to the deps of {name}: {sorted(missing)}"


@pytest.mark.parametrize("name", list(STAGES))
def test_deps_name_little_more(name: str) -> None:
    found = imported(name)
    for dep in code_deps(name):
        if (ROOT / dep).is_dir():
            files = {
                path.relative_to(ROOT).as_posix()
                for path in (ROOT / dep).rglob("*.py")
                if path.name != "__init__.py"
            }
            assert len(files & found) > 0.5 * len(files), f"{name} uses little of {dep}"
        else:
            assert dep in found, f"{name} does not import {dep}"


@pytest.mark.parametrize("name", list(STAGES))
def test_no_dep_twice(name: str) -> None:
    deps = paths(STAGES[name], "deps")
    for i, dep in enumerate(deps):
        assert not any(covers(other, dep) for other in deps[:i] + deps[i + 1 :]), dep


def options(cmd: str) -> dict[str, str]:
    words = shlex.split(cmd)
    assert words[:2] == ["python", "-m"]
    names, values = words[3::2], words[4::2]
    assert all(n.startswith("--") for n in names) and len(names) == len(values)
    return dict(zip(names, values, strict=True))


@pytest.mark.parametrize("name", list(RESOLVED))
def test_cmd_runs_its_module_with_declared_paths(name: str) -> None:
    stage = RESOLVED[name]
    module = shlex.split(stage["cmd"])[2]
    assert module == f"stages.{name.partition('@')[0]}" and module_file(module)
    deps, outs = paths(stage, "deps"), outs_of(stage)
    for option, value in options(stage["cmd"]).items():
        if "/" not in value:
            continue  # a name, or the work folder, which is no output
        declared = outs if option in ("--out", "--curves", "--summary", "--plots") else deps
        below = any(covers(value, path) for path in declared)  # a file of the folder is enough
        assert below or any(covers(path, value) for path in declared), (option, value)


@pytest.mark.parametrize("name", list(RESOLVED))
def test_every_declared_path_is_handed_over(name: str) -> None:
    stage = RESOLVED[name]
    handed = options(stage["cmd"]).values()
    for path in [*paths(stage, "deps"), *outs_of(stage)]:
        if not is_code(path):
            assert any(covers(value, path) for value in handed), path


@pytest.mark.parametrize("name", list(RESOLVED))
def test_params_exist(name: str) -> None:
    values = composed([])
    for parameter in RESOLVED[name].get("params", []):
        found: Any = values
        for part in parameter.split("."):
            assert part in found, parameter
            found = found[part]


# What a stage reads: cli.section("..."), cli.is_null("..."), read_parameters()["..."].
READS = re.compile(
    r'(?:section|is_null)\(\s*f?"([\w.{}]+)"|(?:values|read_parameters\(\))\["(\w+)"\]'
)
# Inference draws nothing: these set the seed only so that nothing could.
DRAW_NOTHING = ("extract_cam", "predict_pa", "evaluate_ric")


@pytest.mark.parametrize("name", list(STAGES))
def test_a_stage_declares_the_sections_it_reads(name: str) -> None:
    source = (ROOT / "stages" / f"{name}.py").read_text()
    read = {a or b for a, b in READS.findall(source)}
    if "cli.seed()" in source and name not in DRAW_NOTHING:
        read.add("seed")
    declared = [p.replace("${item}", "{branch}") for p in STAGES[name].get("params", [])]
    for section in read - {"machine"}:
        assert section.split(".")[0] in {s.split(".")[0] for s in [*SECTIONS, *OTHER]}, section
        parts = [(section + ".", d + ".") for d in declared]
        assert any(a.startswith(b) or b.startswith(a) for a, b in parts), f"{name}: {section}"


def test_a_training_depends_on_all_of_a_prediction_that_ric_looks_at() -> None:
    declared = {p.removeprefix("prediction.") for p in STAGES["train_segmenter"]["params"]}
    # what becomes of an answer after RIC has looked at it, and which epoch's answer it is
    afterwards = {"criterion", "refine_output", "align", "latent"}
    assert set(PredictionParams.model_fields) - declared == afterwards


def test_every_module_of_stages_is_a_stage_or_shared() -> None:
    modules = {path.stem for path in (ROOT / "stages").glob("*.py")}
    assert modules - set(STAGES) == {"__init__", "classifiers", "cli", "schema", "segmenters"}
