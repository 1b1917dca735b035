"""dvc.yaml against the code: a stage is handed and declares what it reads and writes."""

from __future__ import annotations

import ast
import inspect
import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

import pytest

from conf.compose import composed
from pipeline.artifacts.cues import CUES_INDEX, Cues
from pipeline.artifacts.models import Model
from pipeline.artifacts.selections import Selection
from pipeline.artifacts.store import INDEX, Artifact
from pipeline.cues.table import CUES
from pipeline.runtime.code_digest import module_file
from stages import cli
from stages.code import TABLES, stage_files, stage_names
from stages.schema import OPTIONAL, OTHER, SECTIONS
from tests.dag import (
    DAGS,
    DISTINCT,
    RESOLVED,
    STAGES,
    covers,
    is_code,
    is_placeholder,
    outs_of,
    own_params,
    paths,
)
from tests.imports import ROOT

CODE = "data/code.json"
CHECKED = "data/parameters.json"  # nothing starts before parameters were checked; nobody reads it
LONGEST = 25  # lines of a stage: what is longer cannot be looked over


def lines_of_stages() -> dict[str, int]:
    """Lines of each stage, that of its name included."""
    found: dict[str, int] = {}
    name = ""
    for line in (ROOT / "dvc.yaml").read_text().partition("\nplots:")[0].splitlines():
        if match := re.fullmatch(r"  (\w+):", line):
            name = match[1]
            found[name] = 1
        elif name and line.strip():
            found[name] += 1
    return found


def test_a_stage_can_be_looked_over() -> None:
    lines = lines_of_stages()
    assert set(lines) == set(STAGES) and min(lines.values()) > 4
    assert {name: count for name, count in lines.items() if count > LONGEST} == {}


@pytest.mark.parametrize("name", list(STAGES))
def test_a_stage_says_what_it_is_for(name: str) -> None:
    text = STAGES[name]["desc"]
    assert 10 < len(text) <= 90 and not text.endswith(".") and text[0].isupper()
    assert [s.get("desc") for s in STAGES.values()].count(text) == 1


@pytest.mark.parametrize("name", [n for n in STAGES if n != "fingerprint_code"])
def test_a_stage_depends_on_the_digest_of_its_own_code_and_on_no_source_file(name: str) -> None:
    stage = STAGES[name]
    digests = [p[CODE] for p in stage["params"] if isinstance(p, dict) and CODE in p]
    # one that takes an entry of a table: on that of the code of this entry
    assert digests == [[f"{name}.${{key}}" if name in TABLES else name]]
    assert not [dep for dep in paths(stage, "deps") if dep.endswith(".py") or is_code(dep)]


def test_the_digests_are_made_anew_each_time() -> None:
    stage = STAGES["fingerprint_code"]
    assert stage["always_changed"] and stage["outs"] == [CODE] and Path(CODE) == cli.CODE
    assert set(stage_names()) == set(STAGES) and set(TABLES) <= set(STAGES)


@pytest.mark.parametrize("name", list(STAGES))
def test_no_dep_twice(name: str) -> None:
    deps = paths(STAGES[name], "deps")
    for i, dep in enumerate(deps):
        assert not any(covers(other, dep) for other in deps[:i] + deps[i + 1 :]), dep


@pytest.mark.parametrize("key", list(DISTINCT))
def test_no_dep_twice_in_any_recipe(key: str) -> None:
    deps = [dep for dep in paths(DISTINCT[key][1], "deps") if not is_placeholder(dep)]
    assert len(deps) == len({*deps})


def options(cmd: str) -> dict[str, str]:
    words = shlex.split(cmd)
    assert words[:2] == ["python", "-m"]
    names, values = words[3::2], words[4::2]
    assert all(n.startswith("--") for n in names) and len(names) == len(values)
    assert len({*names}) == len(names)
    return dict(zip(names, values, strict=True))


def stage_module(name: str) -> Any:
    return import_module(f"stages.{name.partition('@')[0]}")


@pytest.mark.parametrize("name", list(STAGES))
def test_the_options_of_a_cmd_are_the_parameters_of_its_stage(name: str) -> None:
    parameters = inspect.signature(stage_module(name).run).parameters
    wanted = [f"--{parameter.replace('_', '-')}" for parameter in parameters]
    assert sorted(options(STAGES[name]["cmd"])) == sorted(wanted)


WRITTEN = ("--out", "--curves", "--summary", "--plots", "--digest")


@pytest.mark.parametrize("key", list(DISTINCT))
def test_cmd_runs_its_module_with_declared_paths(key: str) -> None:
    name, stage = DISTINCT[key]
    module = shlex.split(stage["cmd"])[2]
    assert module == f"stages.{name.partition('@')[0]}" and module_file(ROOT, module)
    deps, outs = paths(stage, "deps"), outs_of(stage)
    for option, value in options(stage["cmd"]).items():
        if "/" not in value:
            continue  # a name, or the work folder, which is no output
        if (option, name.partition("@")[0]) == ("--cues", "compute_cues"):
            continue  # which of them, see below
        declared = outs if option in WRITTEN else deps
        below = any(covers(value, path) for path in declared)  # a file of the folder is enough
        assert below or any(covers(path, value) for path in declared), (option, value)


@pytest.mark.parametrize("key", list(DISTINCT))
def test_every_declared_path_is_handed_over(key: str) -> None:
    name, stage = DISTINCT[key]
    handed = options(stage["cmd"]).values()
    for path in [*paths(stage, "deps"), *outs_of(stage)]:
        if is_placeholder(path) and name.startswith("compute_cues"):
            continue  # of a cue that is not needed
        assert path == CHECKED or any(covers(value, path) for value in handed), path


def reader(hint: Any) -> type | None:
    """What an argument is opened with; None for a path or a name."""
    kinds = [kind for kind in (get_args(hint) or (hint,)) if kind is not NoneType]
    (kind,) = kinds if len(kinds) == 1 else (None,)
    readers = (Artifact, Cues, Model, Selection)
    return kind if isinstance(kind, type) and issubclass(kind, readers) else None


@pytest.mark.parametrize("key", list(DISTINCT))
def test_what_is_opened_is_a_dep_by_what_tells_of_its_changes(key: str) -> None:
    """An artifact or the cues by their index, a model or a selection as a whole."""
    name, stage = DISTINCT[key]
    deps = paths(stage, "deps")
    hints, given = get_type_hints(stage_module(name).run), options(stage["cmd"])
    for parameter, hint in hints.items():
        kind = reader(hint)
        if kind is None:
            continue
        path = given[f"--{parameter.replace('_', '-')}"]
        if is_placeholder(path):
            assert NoneType in get_args(hint) and path in deps, parameter
        elif issubclass(kind, Artifact):
            assert f"{path}/{INDEX}" in deps, parameter
        elif kind is Cues:
            assert path == "data/cues" and f"{path}/{CUES_INDEX}" in deps, parameter
        else:
            assert path in deps, parameter


CUE_STAGES = [key for key, (name, _) in DISTINCT.items() if name.startswith("compute_cues@")]


@pytest.mark.parametrize("key", CUE_STAGES)
def test_a_cue_depends_on_what_it_is_made_from(key: str) -> None:
    name, stage = DISTINCT[key]
    cue = CUES[name.partition("@")[2]]
    needed = {f"data/cues/{other}/{INDEX}" for other in cue.needs}
    if cue.classifier is not None:
        needed |= {f"models/classifier/{cue.classifier}"}
    found = {dep for dep in paths(stage, "deps") if not is_placeholder(dep)}
    assert found == needed | {f"data/frames/{INDEX}"}
    classifier = options(stage["cmd"])["--classifier"]
    assert is_placeholder(classifier) == (cue.classifier is None)


def test_every_cue_is_looked_at() -> None:
    assert {DISTINCT[key][0].partition("@")[2] for key in CUE_STAGES} == set(CUES)


@pytest.mark.parametrize("recipe", DAGS)
def test_params_exist(recipe: str) -> None:
    overrides = ["mcnn", "dataset=davis"] if recipe == "mcnn on davis" else [recipe]
    values = composed([f"recipe={overrides[0]}", *overrides[1:]])
    for stage in DAGS[recipe].values():
        for parameter in own_params(stage):
            found: Any = values
            for part in parameter.split("."):
                assert part in found, parameter
                found = found[part]


PARTS = ("finetune_classifier.${key}", "cues.${key}", "machine.precision", "dataset.name")


@pytest.mark.parametrize("name", list(STAGES))
def test_params_are_whole_sections(name: str) -> None:
    """A stage that names single values forgets one when its section grows."""
    for parameter in own_params(STAGES[name]):
        assert "." not in parameter or parameter in PARTS, parameter
    files = [p for p in STAGES[name].get("params", []) if not isinstance(p, str)]
    checks_all = [{"params.yaml": None}] if name == "check_parameters" else []
    assert [f for f in files if CODE not in f] == checks_all


def text_of(node: ast.AST, names: dict[str, ast.AST]) -> str | None:
    """A string of the source, what is filled in as ``${key}``."""
    if isinstance(node, ast.Name) and node.id in names:
        return text_of(names[node.id], names)
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        parts = (text_of(part, {}) for part in node.values)
        return "".join("${key}" if part is None else part for part in parts)
    return None


def sections_read(source: str) -> Iterator[str]:
    """What a stage reads of params.yaml: ``config.section``, ``.cue_params``, ``.seed`` and
    ``config.read_parameters()[...]``, the last perhaps by a variable.
    """
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    names: dict[str, ast.AST] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            names[node.targets[0].id] = node.value
    loops = {
        c.target.id: c.iter
        for c in nodes
        if isinstance(c, ast.comprehension) and isinstance(c.target, ast.Name)
    }
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "section":
                found = text_of(node.args[0], names)
                assert found is not None, ast.unparse(node)
                yield found
            elif node.func.attr == "cue_params":
                yield "cues.${key}"
            elif node.func.attr == "seed":
                yield "seed"
        elif isinstance(node, ast.Subscript):
            value = names.get(getattr(node.value, "id", ""), node.value)
            if ast.unparse(value) != "config.read_parameters()":
                continue
            key = node.slice
            if isinstance(key, ast.Name) and isinstance(loops.get(key.id), ast.Tuple):
                yield from (str(ast.literal_eval(k)) for k in loops[key.id].elts)  # type: ignore[attr-defined]
            else:
                found = text_of(key, names)
                assert found is not None, ast.unparse(node)
                yield found


def test_what_a_source_reads() -> None:
    source = """
name = f"classifier.{branch}"
a = config.section(name, A), config.section("select.rule", B)
values = config.read_parameters()
b = values["report"], {k: values[k]["name"] for k in ("recipe", "dataset")}
c = config.read_parameters()["cues"], config.cue_params(name, C), config.seed(), other["not"]
"""
    assert sorted(sections_read(source)) == [
        *("classifier.${key}", "cues", "cues.${key}", "dataset", "recipe", "report"),
        *("seed", "select.rule"),
    ]


# Inference draws nothing: these set the seed only so that nothing could.
DRAW_NOTHING = ("predict_pa", "evaluate_version")


@pytest.mark.parametrize("name", list(STAGES))
def test_a_stage_declares_the_sections_it_reads_and_no_others(name: str) -> None:
    read = {*sections_read((ROOT / "stages" / f"{name}.py").read_text())}
    if name in DRAW_NOTHING:
        assert "seed" in read
        read -= {"seed"}
    declared = own_params(STAGES[name])
    known = {s.split(".")[0] for s in [*SECTIONS, *OPTIONAL, *OTHER]}
    for section in read:
        assert section.split(".")[0] in known, section
        parts = [(section + ".", d + ".") for d in declared]
        assert any(a.startswith(b) or b.startswith(a) for a, b in parts), f"{name}: {section}"
    for section in {*declared} - {"machine.precision"}:
        parts = [(section + ".", r + ".") for r in read]
        assert any(a.startswith(b) or b.startswith(a) for a, b in parts), f"{name}: {section}"


@pytest.mark.parametrize("name", list(STAGES))
def test_a_stage_that_trains_depends_on_the_precision(name: str) -> None:
    """Where and in how many processes the work runs changes no result; this does."""
    reached = stage_files(name) if name not in TABLES else stage_files(name, part="actor")
    trains = "pipeline/training/loop.py" in reached and name != "check_parameters"
    assert ("machine.precision" in own_params(STAGES[name])) == trains


def test_a_training_depends_on_all_of_a_prediction() -> None:
    """RIC looks at answers as they are predicted."""
    assert {"train_segmenter", "prediction"} <= {*own_params(STAGES["train_segmenter"])}


def test_every_module_of_stages_is_a_stage_or_shared() -> None:
    modules = {path.stem for path in (ROOT / "stages").glob("*.py")}
    assert modules - set(STAGES) == {"__init__", "cli", "code", "config", "schema"}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_thin(stage: str) -> None:
    assert len((ROOT / "stages" / f"{stage}.py").read_text().splitlines()) <= 100


def test_the_default_recipe_is_one_of_those_looked_at() -> None:
    assert RESOLVED in DAGS.values()
