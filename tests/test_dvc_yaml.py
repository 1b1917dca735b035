"""dvc.yaml against the code: a stage is handed and declares what it reads and writes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from conf.compose import composed
from pipeline.prediction.params import PredictionParams
from pipeline.runtime.code_digest import module_file
from stages import cli
from stages.code import stage_names
from stages.schema import OTHER, SECTIONS
from tests.dag import RESOLVED, STAGES, covers, is_code, outs_of, own_params, paths
from tests.imports import ROOT

CODE = "data/code.json"


@pytest.mark.parametrize("name", [n for n in STAGES if n != "fingerprint_code"])
def test_a_stage_depends_on_the_digest_of_its_own_code_and_on_no_source_file(name: str) -> None:
    stage = STAGES[name]
    digests = [p[CODE] for p in stage["params"] if isinstance(p, dict) and CODE in p]
    assert digests == [[name]]
    assert not [dep for dep in paths(stage, "deps") if dep.endswith(".py") or is_code(dep)]


def test_the_digests_are_made_anew_each_time() -> None:
    stage = STAGES["fingerprint_code"]
    assert stage["always_changed"] and stage["outs"] == [CODE] and Path(CODE) == cli.CODE
    assert set(stage_names()) == set(STAGES)


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
    assert module == f"stages.{name.partition('@')[0]}" and module_file(ROOT, module)
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
    for parameter in own_params(RESOLVED[name]):
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
    declared = [p.replace("${item}", "{branch}") for p in own_params(STAGES[name])]
    for section in read - {"machine"}:
        assert section.split(".")[0] in {s.split(".")[0] for s in [*SECTIONS, *OTHER]}, section
        parts = [(section + ".", d + ".") for d in declared]
        assert any(a.startswith(b) or b.startswith(a) for a, b in parts), f"{name}: {section}"


def test_a_training_depends_on_all_of_a_prediction_that_ric_looks_at() -> None:
    declared = {p.removeprefix("prediction.") for p in own_params(STAGES["train_segmenter"])}
    # what becomes of an answer after RIC has looked at it, and which epoch's answer it is
    afterwards = {"criterion", "refine_output", "align", "latent"}
    assert set(PredictionParams.model_fields) - declared == afterwards


def test_every_module_of_stages_is_a_stage_or_shared() -> None:
    modules = {path.stem for path in (ROOT / "stages").glob("*.py")}
    assert modules - set(STAGES) == {
        "__init__",
        "classifiers",
        "cli",
        "code",
        "schema",
        "segmenters",
    }
