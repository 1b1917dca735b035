"""dvc.yaml against the code: what a stage imports it depends on, and little more."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from conf.compose import composed
from pipeline.artifacts.store import INDEX, VIDEOS
from pipeline.refinement.prediction import PredictionParams
from stages.schema import OTHER, SECTIONS
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
PIPELINE: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text())
STAGES: dict[str, dict[str, Any]] = {
    name: stage.get("do", stage) for name, stage in PIPELINE["stages"].items()
}
GROUND_TRUTH = "data/ground_truth"


def paths(stage: dict[str, Any], *kinds: str) -> list[str]:
    """Paths under ``kinds``, whose entries may be mappings with settings."""
    entries = [entry for kind in kinds for entry in stage.get(kind, [])]
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]


def outs_of(stage: dict[str, Any]) -> list[str]:
    return paths(stage, "outs", "metrics", "plots")


def is_code(dep: str) -> bool:
    return dep.split("/")[0] in ("pipeline", "stages", "conf", "tests")


def covers(dep: str, path: str) -> bool:
    return path == dep or path.startswith(f"{dep}/")


def code_deps(name: str) -> list[str]:
    return [dep for dep in paths(STAGES[name], "deps") if is_code(dep)]


def imported(name: str) -> set[str]:
    return closure(f"stages/{name}.py", WITHOUT)


def resolved() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every stage of the DAG with its ``foreach`` and ``${...}`` filled in from the parameters."""
    values = composed([])

    def look_up(name: str, item: dict[str, Any]) -> Any:
        found: Any = {**values, **item}
        for part in name.split("."):
            found = found[part]
        return found

    def fill(content: Any, item: dict[str, Any]) -> Any:
        if isinstance(content, dict):
            return {fill(k, item): fill(v, item) for k, v in content.items()}
        if isinstance(content, list):
            return [fill(v, item) for v in content]
        if isinstance(content, str):
            return re.sub(r"\$\{([\w.]+)\}", lambda m: str(look_up(m[1], item)), content)
        return content

    for name, stage in PIPELINE["stages"].items():
        if "foreach" not in stage:
            yield name, fill(stage, {})
            continue
        over = stage["foreach"]
        over = look_up(over[2:-1], {}) if isinstance(over, str) else over
        each = over.items() if isinstance(over, dict) else ((item, item) for item in over)
        for key, item in each:
            yield f"{name}@{key}", fill(stage["do"], {"key": key, "item": item})


RESOLVED = dict(resolved())


def test_the_dag_is_there() -> None:
    assert "select_pa@v0" in RESOLVED and "predict_pa@v1" in RESOLVED
    assert "${" not in str(RESOLVED)


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


def producers(dep: str) -> list[str]:
    """Stages one of whose outs is the path, holds it, or lies in it."""
    return [
        name
        for name, stage in RESOLVED.items()
        if any(covers(out, dep) or covers(dep, out) for out in outs_of(stage))
    ]


def ancestors(name: str) -> set[str]:
    found: set[str] = set()
    queue = [name]
    while queue:
        for dep in paths(RESOLVED[queue.pop()], "deps"):
            new = set(producers(dep)) - found
            found |= new
            queue += new
    return found


def test_only_evaluation_and_report_see_the_ground_truth() -> None:
    readers = {
        name.partition("@")[0]
        for name, stage in RESOLVED.items()
        if any(covers(d, GROUND_TRUTH) or covers(GROUND_TRUTH, d) for d in paths(stage, "deps"))
    }
    assert readers == {"evaluate_cues", "evaluate_ric", "report"}


JUDGES = ("prepare_ground_truth", "evaluate_cues", "evaluate_ric", "report")
BLIND = [n for n in RESOLVED if n.partition("@")[0] not in JUDGES]


@pytest.mark.parametrize("name", BLIND)
def test_nothing_else_follows_from_it(name: str) -> None:
    seen = {a for a in ancestors(name) if a.partition("@")[0] in JUDGES}
    assert not seen, f"{name} depends on {sorted(seen)}"


def test_the_search_for_ancestors_finds_them() -> None:
    assert {"prepare_ground_truth", "make_demo", "predict_pa@v1"} <= ancestors("evaluate_ric@v1")
    assert {"train_segmenter@v0", "select_pa@v0"} <= ancestors("predict_pa@v1")
    assert {"extract_cam@action", "evaluate_ric@v0"} <= ancestors("report")


# Artifacts with a file for each video: their index tells of every change, and is read in no time.
INDEXED = ("data/frames", "data/superpixels", "data/edges", "data/flow", "data/motion", "data/cam")
INDEXED += ("data/pa", "data/ground_truth")


@pytest.mark.parametrize("name", [n for n in RESOLVED if n != "report"])  # sees all versions
def test_an_artifact_is_a_dep_by_its_index(name: str) -> None:
    deps = [d for d in paths(RESOLVED[name], "deps") if any(covers(a, d) for a in INDEXED)]
    assert all(dep.endswith(f"/{INDEX}") for dep in deps), deps


def test_an_artifact_is_two_outs() -> None:
    for name, stage in RESOLVED.items():
        outs = outs_of(stage)
        indexed = {o.removesuffix(f"/{INDEX}") for o in outs if o.endswith(f"/{INDEX}")}
        written = {o for o in outs if any(covers(a, o) for a in INDEXED)}
        assert written == {f"{a}/{part}" for a in indexed for part in (INDEX, VIDEOS)}, name


def test_no_dep_lies_inside_an_out() -> None:
    outs = {out for stage in RESOLVED.values() for out in outs_of(stage)}
    inside = {
        dep
        for stage in RESOLVED.values()
        for dep in paths(stage, "deps")
        if any(covers(out, dep) and out != dep for out in outs)
    }
    assert not inside


def test_every_out_is_made_once() -> None:
    outs = [out for stage in RESOLVED.values() for out in outs_of(stage)]
    for i, out in enumerate(outs):
        assert not any(covers(other, out) for other in outs[:i] + outs[i + 1 :]), out


def test_plots_show_files_that_a_stage_writes() -> None:
    templates = {p.stem for p in (ROOT / ".dvc" / "plots").glob("*.json")}
    for plot in PIPELINE.get("plots", []):
        ((_, settings),) = plot.items()
        for path in settings["y"]:
            assert producers(path), path
        built_in = {"linear", "simple", "confusion", "confusion_normalized", "scatter", "smooth"}
        assert settings["template"] in templates | built_in


def test_every_module_of_stages_is_a_stage_or_shared() -> None:
    modules = {path.stem for path in (ROOT / "stages").glob("*.py")}
    assert modules - set(STAGES) == {"__init__", "classifiers", "cli", "schema", "segmenters"}
