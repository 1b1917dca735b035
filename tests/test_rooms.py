"""The rooms of the library stand in one order, and code uses those above its own alone."""

from __future__ import annotations

from tests.imports import ROOT, direct_imports

# from the top: what a room may use stands before it
ROOMS = (
    *("runtime", "datasets", "demo", "artifacts", "vision", "networks", "cues", "initial_pa"),
    *("selection", "evaluation", "prediction", "training"),
)
FILES = sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / "pipeline").rglob("*.py"))


def room_of(path: str) -> str:
    return path.split("/")[1]


def test_every_room_is_in_the_list() -> None:
    rooms = {room_of(path) for path in FILES if path.count("/") > 1}
    assert rooms == set(ROOMS)


def test_no_room_uses_one_below_it_or_the_stages() -> None:
    wrong = [
        (path, used)
        for path in FILES
        if path.count("/") > 1
        for used in direct_imports(path)
        if used.startswith("stages/") or ROOMS.index(room_of(used)) > ROOMS.index(room_of(path))
    ]
    assert not wrong


def test_no_circle_of_files() -> None:
    above: dict[str, int] = {}
    left = {path: direct_imports(path) for path in FILES}
    while left:
        free = [path for path, used in left.items() if used <= set(above)]
        assert free, f"these import each other: {sorted(left)}"
        for path in free:
            above[path] = len(above)
            del left[path]


def test_the_demo_is_known_to_its_stage_alone() -> None:
    """Editing a sprite must not touch other data sets."""
    users = {
        path.relative_to(ROOT).as_posix()
        for folder in ("pipeline", "stages")
        for path in (ROOT / folder).rglob("*.py")
        if any(
            used.startswith("pipeline/demo/")
            for used in direct_imports(path.relative_to(ROOT).as_posix())
        )
    }
    assert {u for u in users if not u.startswith("pipeline/demo/")} == {
        "stages/make_demo.py",
        "stages/schema.py",
    }
