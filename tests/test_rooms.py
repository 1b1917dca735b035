"""The rooms of the library stand in one order, and code uses those above its own alone."""

from __future__ import annotations

from tests.imports import ROOT, direct_imports

# from the top: what a room may use stands before it
ROOMS = (
    *("runtime", "datasets", "demo", "artifacts", "vision", "networks", "cues", "initial_pa"),
    *("selection", "evaluation", "prediction", "training"),
)
# Modules of artifacts that open what lies on disk; the others encode, or write tables.
READERS = (
    *("frames", "label_maps", "maps", "flows", "motion_segments", "edge_segments", "superpixels"),
    *("cues", "selections", "models"),
)
OTHERS = ("__init__", "codecs", "store", "tables")
WITHOUT_RULE = ("runtime", "datasets", "demo", "artifacts")  # rooms above the artifacts, and theirs
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


def test_it_is_known_of_every_file_of_the_artifacts_whether_it_reads() -> None:
    found = {path.split("/")[-1].removesuffix(".py") for path in FILES if "/artifacts/" in path}
    assert found | {"__init__"} == {*READERS, *OTHERS} and not {*READERS} & {*OTHERS}


def is_named_for_it(path: str) -> bool:
    return path.split("/")[-1].startswith(("read_", "video_"))


def test_only_files_named_for_it_touch_artifacts() -> None:
    """What computes takes arrays and tables: so it can be tried on some that were never stored."""
    touch: dict[str, set[str]] = {}
    for path in FILES:
        if path.count("/") > 1 and room_of(path) not in WITHOUT_RULE:
            used = {f for f in READERS if f"pipeline/artifacts/{f}.py" in direct_imports(path)}
            if path == "pipeline/training/loop.py":
                used -= {"models"}  # what it leaves are the weights that a model is written from
            touch[path] = used
    named = {path for path, used in touch.items() if used and is_named_for_it(path)}
    assert {"pipeline/selection/read_motion.py", "pipeline/cues/video_flow.py"} <= named
    other = {path for path, used in touch.items() if used and not is_named_for_it(path)}
    assert other == set()


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
