from __future__ import annotations

import pytest

from pipeline.datasets.classes import NOTHING, branch_classes, check_classes, class_numbers
from pipeline.runtime.errors import InputError
from tests.tiny import DOG, FLYING, VIDEOS, WALKING


def test_classes_by_hand() -> None:
    tags = {v: VIDEOS[v].tags for v in "abc"}
    assert branch_classes(tags, "actor") == ["bird", "dog"]
    assert branch_classes(tags, "action") == ["flying", "walking"]
    assert branch_classes({**tags, "d": frozenset()}, "actor") == ["bird", "dog", "nothing"]
    assert branch_classes({"a": frozenset([("cow", "none")])}, "action") == ["none"]


def test_class_numbers_by_hand() -> None:
    classes = ["bird", "dog", "nothing"]
    assert class_numbers(frozenset([DOG, FLYING]), "actor", classes) == [0, 1]
    assert class_numbers(frozenset([WALKING, FLYING]), "actor", classes) == [0]
    assert class_numbers(frozenset(), "actor", classes) == [2]
    assert class_numbers(frozenset(), "actor", ["bird", "dog"]) == []
    assert class_numbers(frozenset([("cow", "walking")]), "actor", classes) == []
    assert class_numbers(frozenset([DOG, FLYING]), "action", ["flying", "walking"]) == [0, 1]


def test_videos_without_a_tag_are_the_last_class() -> None:
    tags = {"a": frozenset([("zebra", "running")]), "d": frozenset[tuple[str, str]]()}
    assert branch_classes(tags, "actor") == ["zebra", NOTHING]  # not sorted among the others
    assert NOTHING == "nothing" and branch_classes({}, "actor") == []


def test_two_classes_can_be_told_apart() -> None:
    for branch in ("actor", "action"):
        check_classes(["bird", "dog"], branch)
        check_classes(["bird", NOTHING], branch)


@pytest.mark.parametrize(
    ("classes", "branch", "message"),
    [
        (["none"], "action", r"only the action 'none': nothing to tell apart; set tags=objects"),
        (["dog"], "actor", r"only the actor 'dog': .*; tag videos of a second class, or add vid"),
        ([], "action", r"name no action: nothing to tell apart; set tags=objects"),
        ([], "actor", r"name no actor: nothing to tell apart; tag videos of a second class"),
    ],
)
def test_one_class_is_refused(classes: list[str], branch: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        check_classes(classes, branch)  # type: ignore[arg-type]
    assert "\n" not in str(error.value)
