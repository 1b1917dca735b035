"""Digests of the code that a module reaches: what a result depends on beside its data.

Code is compared as it is executed: comments, docstrings and other bare strings, layout, and what
only a type checker reads do not count. Equal code has an equal digest on every supported Python.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

# Fields that say nothing about what is executed, or that not every Python has.
_NOT_EXECUTED = frozenset({"ctx", "kind", "type_comment", "type_ignores", "type_params"})


def reached_files(root: Path, path: str, without: Iterable[str] = ()) -> set[str]:
    """``path`` and every file below ``root`` that it imports, directly or by others.

    Imports inside functions count; those under ``if TYPE_CHECKING`` do not.

    Args:
        root: folder that module names start from.
        path: of a file, relative to ``root``.
        without: files that are left out, with all that only they import.
    """
    left_out, seen, queue = {*without}, set[str](), [path]
    while queue:
        current = queue.pop()
        if current not in seen and current not in left_out:
            seen.add(current)
            queue += imported_files(root, current)
    return seen


class Entry(NamedTuple):
    """A value of a table: the files that it is imported from, and its own code."""

    files: set[str]
    code: str


@cache
def imported_files(root: Path, path: str) -> frozenset[str]:
    """Files below ``root`` that one file imports, those of the packages above them included.

    Packages' empty files are left out.

    Raises:
        ValueError: a relative import.
    """
    found: set[str] = set()
    for node in _statements(_parsed(root, path)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level or not node.module:
                raise ValueError(f"expected absolute imports in {path}, line {node.lineno}")
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        with_packages = {parent for name in names for parent in _with_packages(name)}
        found |= {file for name in with_packages if (file := module_file(root, name))}
    return frozenset(file for file in found if _parsed(root, file).body)


def _with_packages(name: str) -> Iterator[str]:
    """``a``, ``a.b`` and ``a.b.c`` of a module ``a.b.c``, all of which importing it executes."""
    parts = name.split(".")
    return (".".join(parts[: i + 1]) for i in range(len(parts)))


@cache
def table_entries(root: Path, path: str, name: str) -> dict[str, Entry]:
    """For each key of a file's table ``name = {...}``, what its value consists of.

    Raises:
        ValueError: there is no such table of imported names.
    """
    sources: dict[str, tuple[str, str]] = {}
    tables = []
    for node in _parsed(root, path).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            file = module_file(root, node.module)
            sources |= {a.asname or a.name: (file, a.name) for a in node.names if file}
        elif isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == name:
            tables.append(node.value)
    if len(tables) != 1 or not isinstance(tables[0], ast.Dict):
        raise ValueError(f"expected one table {name} in {path}")
    found: dict[str, Entry] = {}
    for key, value in zip(tables[0].keys, tables[0].values, strict=True):
        names = [n.id for n in ast.walk(value) if isinstance(n, ast.Name)]
        if not isinstance(key, ast.Constant) or not names or not sources.keys() >= {*names}:
            raise ValueError(f"expected names from files of the project in {name} of {path}")
        code = [*_tokens(value), *(" ".join((n, *sources[n])) for n in names)]
        found[str(key.value)] = Entry({sources[n][0] for n in names}, "\n".join(code))
    return found


def module_file(root: Path, name: str) -> str | None:
    """Path of a module relative to ``root``; None for one that does not lie below it."""
    base = root.joinpath(*name.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path.relative_to(root).as_posix()
    return None


def code_digest(root: Path, paths: Iterable[str], beside: str = "") -> str:
    """Digest of some files, and a text: 64 hexadecimal digits; the files' order does not matter."""
    whole = hashlib.sha256(beside.encode())
    for path in sorted(paths):
        whole.update(f"{path} {_file_digest(root, path)}\n".encode())
    return whole.hexdigest()


def source_digest(source: str) -> str:
    """Digest of the executed code of one source text."""
    return hashlib.sha256("\n".join(_tokens(_stripped(source))).encode()).hexdigest()


@cache
def _file_digest(root: Path, path: str) -> str:
    return hashlib.sha256("\n".join(_tokens(_parsed(root, path))).encode()).hexdigest()


@cache
def _parsed(root: Path, path: str) -> ast.Module:
    return _stripped((root / path).read_text(encoding="utf-8"))


def _stripped(source: str) -> ast.Module:
    """The tree without bare strings and without what only a type checker reads."""
    tree = ast.parse(source)
    for node in _statements(tree):
        for name in ("body", "orelse", "finalbody"):
            lines = getattr(node, name, None)
            if isinstance(lines, list):
                setattr(node, name, [line for line in lines if not _says_nothing(line)])
    return tree


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """The node and all statements in it; what is done to one before the next counts."""
    yield node
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        inner = getattr(node, name, None)
        if isinstance(inner, list):
            for statement in inner:
                yield from _statements(statement)


def _says_nothing(line: ast.AST) -> bool:
    if isinstance(line, ast.Expr):
        return isinstance(line.value, ast.Constant) and isinstance(line.value.value, str)
    if isinstance(line, ast.If) and not line.orelse:
        test = line.test
        return "TYPE_CHECKING" in (getattr(test, "id", None), getattr(test, "attr", None))
    return False


def _tokens(node: ast.AST) -> Iterator[str]:
    """The tree as text: names of nodes and fields, constants; empty fields are left out."""
    if isinstance(node, ast.JoinedStr):
        yield from _string_tokens(node)
        return
    yield type(node).__name__
    for field in node._fields:
        value = getattr(node, field, None)
        if field in _NOT_EXECUTED or value is None or value == []:
            continue
        yield f".{field}"
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, ast.AST):
                yield from _tokens(item)
            else:
                yield f"{type(item).__name__} {item!a}"
    yield ")"


def _string_tokens(node: ast.JoinedStr) -> Iterator[str]:
    """A formatted string; not every Python divides its constant parts in the same way."""
    yield "JoinedStr"
    text = ""
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value)
            continue
        yield f"text {text!a}"
        text = ""
        yield from _tokens(part)
    yield f"text {text!a}"
    yield ")"
