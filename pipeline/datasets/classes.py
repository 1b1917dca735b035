"""The classes of a branch, actor or action, that videos are tagged with.

Videos without any tag, where the data set has them, are one more class, ``nothing``: without it a
class can be learned as the absence of the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pipeline.datasets.taxonomy import Tag
from pipeline.runtime.errors import InputError

Branch = Literal["actor", "action"]
NOTHING = "nothing"


def branch_classes(tags: Mapping[str, frozenset[Tag]], branch: Branch) -> list[str]:
    """Classes of a branch, sorted; ``nothing`` last where some video has no tag."""
    names = sorted({tag[0 if branch == "actor" else 1] for t in tags.values() for tag in t})
    return [*names, NOTHING] if any(not t for t in tags.values()) else names


def class_numbers(tags: frozenset[Tag], branch: Branch, classes: Sequence[str]) -> list[int]:
    """Numbers of the classes that a video's tags name, sorted."""
    names = {tag[0 if branch == "actor" else 1] for tag in tags} or {NOTHING}
    return sorted(classes.index(name) for name in names if name in classes)


def check_classes(classes: Sequence[str], branch: Branch) -> None:
    """Refuse tags that leave a classifier nothing to tell apart.

    Raises:
        InputError: there are fewer than two classes.
    """
    if len(classes) > 1:
        return
    only = f"only the {branch} {classes[0]!r}" if classes else f"no {branch}"
    mend = (
        "set tags=objects, which needs no actions"
        if branch == "action"
        else ("tag videos of a second class, or add videos without any tag")
    )
    raise InputError(f"the tags of the train videos name {only}: nothing to tell apart; {mend}")
