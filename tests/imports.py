"""Which files of this project a module imports, transitively, read from the source."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("pipeline", "stages")


def module_file(name: str) -> str | None:
    """Path of a module of this project, relative to its root; None for any other module."""
    if name.split(".")[0] not in ROOMS:
        return None
    base = ROOT.joinpath(*name.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path.relative_to(ROOT).as_posix()
    return None


def direct_imports(path: str) -> set[str]:
    """Files of this project that one file imports; packages' own empty files are left out."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        found |= {f for n in names if (f := module_file(n)) and not f.endswith("__init__.py")}
    return found


def closure(path: str, without: frozenset[str]) -> set[str]:
    """``path`` and all it imports, not looking into the files of ``without``."""
    seen: set[str] = set()
    queue = [path]
    while queue:
        current = queue.pop()
        if current not in seen and current not in without:
            seen.add(current)
            queue += direct_imports(current)
    return seen
