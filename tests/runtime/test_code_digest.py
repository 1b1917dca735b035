from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.runtime.code_digest import (
    _parsed,
    code_digest,
    module_file,
    reached_files,
    source_digest,
    table_entries,
)

SOURCE = '''"""A module."""
import os  # to be used

def area(height: int, width: int = 2) -> int:
    """Height times width."""
    "in pixels"
    size = height * width  # the product
    return f"{size:>{width}} of {os.name!r} px"
'''


def test_what_is_not_executed_does_not_count() -> None:
    other = """import os


def area(
    height: int,
    width: int = 2,
) -> int:
    size = (height
            * width)
    return f'{size:>{width}} of {os.name!r} px'
"""
    assert source_digest(SOURCE) == source_digest(other)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("height * width ", "height + width "),
        ("width: int = 2", "width: int = 3"),
        ("width: int = 2", "width: int = 2.0"),
        (" px", " pixels"),
        ("!r", "!s"),
        ("import os", "import sys as os"),
        ("return", "yield"),
        ("size = ", "size += "),
    ],
)
def test_what_is_executed_does(old: str, new: str) -> None:
    changed = SOURCE.replace(old, new)
    assert changed != SOURCE and source_digest(changed) != source_digest(SOURCE)


def test_none_is_not_nothing() -> None:
    assert source_digest("x = f()") != source_digest("x = f(None)")
    assert source_digest("x = [None]") != source_digest("x = []")
    assert source_digest("def f(): return") != source_digest("def f(): return 0")


def test_a_body_of_a_docstring_alone_is_one() -> None:
    assert source_digest('class A:\n    """One."""') == source_digest('class A:\n    """Two."""')


def test_the_digest_is_the_same_on_every_python() -> None:
    """Written down once (3.11, 3.12 and 3.13 agree): a worker may have another Python."""
    assert source_digest(SOURCE).startswith("52d8cca5ae79683b")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """house.main -> house.room.chair (in a function) -> house.wood; a checker sees house.types."""
    files = {
        "house/__init__.py": '"""A house."""',
        "house/main.py": (
            "import json\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n"
            "    from house import types\ndef run():\n    from house.room import chair\n"
        ),
        "house/room/__init__.py": "LIGHT = 1",
        "house/room/chair.py": "from house.wood import oak, log",
        "house/wood.py": "oak = 1\nfrom house import log",
        "house/types.py": "x = 1",
        "house/log.py": "from house import paper",
        "house/paper.py": "x = 1",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_imports_are_followed_through_files_and_into_functions(tree: Path) -> None:
    files = {"main.py", "room/__init__.py", "room/chair.py", "wood.py", "log.py", "paper.py"}
    assert reached_files(tree, "house/main.py") == {f"house/{name}" for name in files}
    # not looked into what is left out
    without = reached_files(tree, "house/main.py", ["house/log.py"])
    assert without == {f"house/{name}" for name in files - {"log.py", "paper.py"}}
    assert module_file(tree, "house.room") == "house/room/__init__.py"
    assert module_file(tree, "json") is None


def test_a_digest_of_files_tells_which_they_are(tree: Path) -> None:
    own = code_digest(tree, ["house/types.py", "house/wood.py"])
    assert own == code_digest(tree, ["house/wood.py", "house/types.py"])
    assert own != code_digest(tree, ["house/paper.py", "house/wood.py"])  # the same text


TABLE = """from json import dumps
from house.room import chair
from house.room.chair import oak as seat
from house.types import x, y
from house.wood import log

LATER: dict[str, int]
PARTS: dict[str, object] = {"seat": seat, "both": (x, log), "lamp": {"of": [y]}}
OTHER: dict[str, object] = {"seat": log}
"""


def test_the_files_of_each_entry_of_a_table(tree: Path) -> None:
    (tree / "house/table.py").write_text(TABLE)

    def files(name: str) -> dict[str, set[str]]:
        return {k: e.files for k, e in table_entries(tree, "house/table.py", name).items()}

    assert files("PARTS") == {
        "seat": {"house/room/chair.py"},
        "both": {"house/types.py", "house/wood.py"},
        "lamp": {"house/types.py"},
    }
    assert files("OTHER") == {"seat": {"house/wood.py"}}


def test_the_code_of_an_entry_names_what_it_takes(tree: Path) -> None:
    def code(text: str) -> str:
        (tree / "house/table.py").write_text(text)
        table_entries.cache_clear()
        _parsed.cache_clear()
        return table_entries(tree, "house/table.py", "T")["a"].code

    table = "T: dict = {'a': x}\n"
    first = code(f"from house.types import x\n{table}")
    assert code("# remark\nfrom house.types import x\nT: dict = {'b': x, 'a': x}\n") == first
    others = [
        code(f"from house.types import y as x\n{table}"),
        code(f"from house.wood import x\n{table}"),
        code("from house.types import x\nT: dict = {'a': [x, 1]}\n"),
    ]
    assert len({first, *others}) == 4


def test_packages_above_a_module_count_and_relative_imports_are_refused(tree: Path) -> None:
    (tree / "above/below").mkdir(parents=True)
    (tree / "above/__init__.py").write_text("SEED = 1\n")
    (tree / "above/below/__init__.py").write_text("")
    (tree / "above/below/leaf.py").write_text("x = 1\n")
    (tree / "first.py").write_text("import above.below.leaf\n")
    found = reached_files(tree, "first.py")
    assert found == {"first.py", "above/__init__.py", "above/below/leaf.py"}
    (tree / "second.py").write_text("from . import first\n")
    with pytest.raises(ValueError, match=r"absolute imports in second\.py, line 1"):
        reached_files(tree, "second.py")


@pytest.mark.parametrize("name", ["NONE", "LATER", "CALLED", "TWICE"])
def test_no_such_table(tree: Path, name: str) -> None:
    text = "CALLED: dict[str, object] = dict(a=log)\nTWICE: dict = {}\nTWICE: dict = {}\n"
    (tree / "house/table.py").write_text(TABLE + text)
    with pytest.raises(ValueError, match=rf"expected one table {name} in house/table\.py"):
        table_entries(tree, "house/table.py", name)


@pytest.mark.parametrize(
    "entry",
    [
        '"a": dumps',  # of no file of the project
        '"a": (log, dumps)',
        '"a": own',  # made here
        '"a": 1',  # no name at all
        "log: log",  # a key that is no text
        "**log",
    ],
)
def test_entries_that_are_not_imported_names(tree: Path, entry: str) -> None:
    text = f"own = log\nWRONG: dict[str, object] = {{{entry}}}\n"
    (tree / "house/table.py").write_text(TABLE + text)
    with pytest.raises(ValueError, match="expected names from files of the project in WRONG of"):
        table_entries(tree, "house/table.py", "WRONG")
