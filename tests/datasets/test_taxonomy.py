from __future__ import annotations

import colorsys
import json

import numpy as np
import pytest

from pipeline.datasets.taxonomy import (
    A2D,
    A2D_IDS,
    Taxonomy,
    a2d_id,
    a2d_tag,
    check_tag,
    parse_tag,
    tag_name,
    taxonomy_of,
)
from pipeline.runtime.errors import InputError

DOG, CAT, CAR = ("dog", "running"), ("cat", "eating"), ("car", "running")


def test_taxonomy_of_sorts_pairs_and_numbers_them_from_one() -> None:
    taxonomy = taxonomy_of([DOG, CAR, CAT, DOG])
    assert taxonomy.pairs == (CAR, CAT, DOG)
    assert taxonomy.labels([DOG, CAR]) == (1, 3)
    assert taxonomy.actors == ("car", "cat", "dog")
    assert taxonomy.actions == ("running", "eating")
    assert taxonomy.names("actor_action") == (
        "background",
        "car-running",
        "cat-eating",
        "dog-running",
    )
    assert taxonomy.names("action") == ("background", "running", "eating")


def test_views_map_labels_and_keep_background_and_ignore() -> None:
    taxonomy = taxonomy_of([DOG, CAR, CAT])
    labels = np.array([[0, 1, 2], [3, 255, 1]], np.uint8)
    assert taxonomy.view(labels, "actor_action").tolist() == [[0, 1, 2], [3, 255, 1]]
    assert taxonomy.view(labels, "actor").tolist() == [[0, 1, 2], [3, 255, 1]]
    assert taxonomy.view(labels, "action").tolist() == [[0, 1, 2], [1, 255, 1]]
    for view in ("actor_action", "actor", "action"):
        assert taxonomy.view(labels, view).dtype == np.uint8
        assert taxonomy.view(labels, view) is not labels


def test_view_refuses_labels_without_class_and_other_types() -> None:
    taxonomy = taxonomy_of([DOG, CAR])
    with pytest.raises(ValueError, match=r"label 3 .* 0\.\.2"):
        taxonomy.view(np.array([[3]], np.uint8), "actor")
    with pytest.raises(ValueError, match="uint8, got int64"):
        taxonomy.view(np.array([[1]], np.int64), "actor")


def test_unknown_tag_is_named() -> None:
    with pytest.raises(InputError, match=r"'dog-eating'.*car-running, dog-running"):
        taxonomy_of([DOG, CAR]).label(("dog", "eating"))


def test_restrict_keeps_order_and_colours() -> None:
    small = A2D.restrict([("dog", "running"), ("adult", "eating")])
    assert small.pairs == (("adult", "eating"), ("dog", "running"))
    assert small.colours[0] == (0, 0, 0)
    assert small.colours[1] == A2D.colours[3]  # adult-eating is the third pair
    assert small.colours[2] == A2D.colours[A2D.label(("dog", "running"))]


def test_dict_survives_json() -> None:
    assert Taxonomy.from_dict(json.loads(json.dumps(A2D.to_dict()))) == A2D


def test_a2d_has_the_43_pairs_of_the_release() -> None:
    assert len(A2D.pairs) == 43 and len(A2D_IDS) == 43
    # How often each actor occurs, counted in the list of ids by hand.
    counts = [sum(a == actor for a, _ in A2D.pairs) for actor in A2D.actors]
    assert A2D.actors == ("adult", "baby", "ball", "bird", "car", "cat", "dog")
    assert counts == [8, 5, 4, 7, 5, 7, 7]
    actions = "climbing crawling eating flying jumping rolling running walking none"
    assert set(A2D.actions) == set(actions.split())


@pytest.mark.parametrize(
    ("label_id", "tag"),
    [
        (11, ("adult", "climbing")),
        (34, ("ball", "flying")),
        (49, ("bird", "none")),
        (57, ("car", "running")),
        (79, ("dog", "none")),
    ],
)
def test_a2d_ids(label_id: int, tag: tuple[str, str]) -> None:
    assert a2d_tag(label_id) == tag
    assert a2d_id(tag) == label_id


@pytest.mark.parametrize("label_id", [0, 14, 33, 80, 130, -1])
def test_unknown_a2d_ids(label_id: int) -> None:
    with pytest.raises(InputError, match=str(label_id)):
        a2d_tag(label_id)


def test_pair_that_a2d_lacks() -> None:
    with pytest.raises(InputError, match="adult-flying"):
        a2d_id(("adult", "flying"))


@pytest.mark.parametrize(
    "pairs",
    [
        list(A2D.pairs),
        [(f"actor{i}", "none") for i in range(254)],
        [("actor", f"action{i}") for i in range(254)],
        [(f"actor{i}", f"action{j}") for i in range(12) for j in range(21)],
    ],
)
def test_colours_differ(pairs: list[tuple[str, str]]) -> None:
    colours = taxonomy_of(pairs).colours
    assert colours[0] == (0, 0, 0)
    assert len(set(colours)) == len(pairs) + 1
    assert all(0 <= value <= 255 for colour in colours for value in colour)


def test_a2d_colours_have_one_hue_an_actor() -> None:
    hues: dict[str, list[float]] = {}
    for (actor, _), (red, green, blue) in zip(A2D.pairs, A2D.colours[1:], strict=True):
        hues.setdefault(actor, []).append(
            colorsys.rgb_to_hls(red / 255, green / 255, blue / 255)[0]
        )
    means = []
    for values in hues.values():
        spread = [(value - values[0] + 0.5) % 1 - 0.5 for value in values]
        assert max(map(abs, spread)) < 0.02
        means.append(values[0])
    assert min(np.diff(sorted(means))) > 0.1


def test_too_many_pairs() -> None:
    with pytest.raises(InputError, match="255 actor-action pairs, at most 254"):
        taxonomy_of([("actor", f"action{i}") for i in range(255)])


def test_taxonomy_refuses_repeated_pairs_and_missing_colours() -> None:
    with pytest.raises(ValueError, match="differ"):
        Taxonomy((DOG, DOG), ((0, 0, 0),) * 3)
    with pytest.raises(ValueError, match="expected 2 colours"):
        Taxonomy((DOG,), ((0, 0, 0),))


def test_text_form() -> None:
    assert tag_name(DOG) == "dog-running"
    assert parse_tag("dog-running") == DOG
    assert parse_tag("adult-high-jump") == ("adult", "high-jump")


@pytest.mark.parametrize("text", ["dog", "", "-", "dog-", "-running", " - "])
def test_text_that_is_no_tag(text: str) -> None:
    with pytest.raises(InputError, match="not of the form"):
        parse_tag(text)


def test_check_tag() -> None:
    assert check_tag(" dog ", "high-jump") == ("dog", "high-jump")
    for actor, action, message in [
        ("", "running", "needs an actor and an action"),
        ("dog", " ", "needs an actor and an action"),
        ("polar-bear", "running", "hyphen"),
        ("background", "none", "label 0"),
    ]:
        with pytest.raises(InputError, match=message):
            check_tag(actor, action)
