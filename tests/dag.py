"""dvc.yaml as data: its stages as they are written, and with ``foreach`` and values filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from conf.compose import composed
from tests.imports import ROOT

PIPELINE: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text())
STAGES: dict[str, dict[str, Any]] = {
    name: stage.get("do", stage) for name, stage in PIPELINE["stages"].items()
}
PLACEHOLDER = "README.md"  # stands for an artifact that a recipe does not have
Dag = dict[str, dict[str, Any]]


def paths(stage: dict[str, Any], *kinds: str) -> list[str]:
    """Paths under ``kinds``, whose entries may be mappings with settings."""
    entries = [entry for kind in kinds for entry in stage.get(kind, [])]
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]


def outs_of(stage: dict[str, Any]) -> list[str]:
    return paths(stage, "outs", "metrics", "plots")


def own_params(stage: dict[str, Any]) -> list[str]:
    """Sections of params.yaml that a stage depends on."""
    return [entry for entry in stage.get("params", []) if isinstance(entry, str)]


def is_code(dep: str) -> bool:
    return dep.split("/")[0] in ("pipeline", "stages", "conf", "tests")


def is_placeholder(dep: str) -> bool:
    return dep.split("/")[-1] == PLACEHOLDER


def covers(dep: str, path: str) -> bool:
    return path == dep or path.startswith(f"{dep}/")


def resolved(overrides: Sequence[str] = ()) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every stage of the DAG with its ``foreach`` and ``${...}`` filled in from the parameters."""
    values = composed([*overrides])

    def look_up(name: str, item: dict[str, Any]) -> Any:
        found: Any = {**values, **item}
        for part in re.findall(r"\w+", name):  # a.b[0]
            found = found[int(part)] if isinstance(found, list) else found[part]
        return found

    def fill(content: Any, item: dict[str, Any]) -> Any:
        if isinstance(content, dict):
            return {fill(k, item): fill(v, item) for k, v in content.items()}
        if isinstance(content, list):
            return [fill(v, item) for v in content]
        if isinstance(content, str):
            return re.sub(r"\$\{([\w.\[\]]+)\}", lambda m: str(look_up(m[1], item)), content)
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
# Of every recipe, and of one that has no classifier.
DAGS: dict[str, Dag] = {
    path.stem: dict(resolved([f"recipe={path.stem}"]))
    for path in sorted((ROOT / "conf" / "recipe").glob("*.yaml"))
}
DAGS["mcnn on davis"] = dict(resolved(["recipe=mcnn", "dataset=davis", "dataset.root=/data"]))


def distinct() -> dict[str, tuple[str, dict[str, Any]]]:
    """The stages of all recipes, by recipe and name; those that are the same in two once."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for recipe, dag in DAGS.items():
        for name, stage in dag.items():
            if (name, stage) not in found.values():
                found[f"{recipe}: {name}"] = (name, stage)
    return found


DISTINCT = distinct()


def producers(dep: str, dag: Dag = RESOLVED) -> list[str]:
    """Stages one of whose outs is the path, holds it, or lies in it."""
    return [
        name
        for name, stage in dag.items()
        if any(covers(out, dep) or covers(dep, out) for out in outs_of(stage))
    ]


def ancestors(name: str, dag: Dag = RESOLVED) -> set[str]:
    found: set[str] = set()
    queue = [name]
    while queue:
        for dep in paths(dag[queue.pop()], "deps"):
            new = set(producers(dep, dag)) - found
            found |= new
            queue += new
    return found
