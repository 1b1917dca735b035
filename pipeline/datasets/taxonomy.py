"""Classes of a data set: actor-action pairs, their labels, names, colours and views.

A *label map* is uint8 with axes ``H W``: 0 is background, ``i + 1`` is the pair ``pairs[i]``, and
255 is "ignore". The same map can be looked at by pair, by actor or by action (`Taxonomy.view`).
"""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pipeline.runtime.errors import InputError

Tag = tuple[str, str]
"""(actor, action). Data sets of objects without actions use the action ``NO_ACTION``."""

View = Literal["actor_action", "actor", "action"]
Colour = tuple[int, int, int]

BACKGROUND = 0
IGNORE = 255
NO_ACTION = "none"
MAX_PAIRS = 254  # labels 1..254; 0 and 255 have their own meaning


def tag_name(tag: Tag) -> str:
    """Text form of a tag, e.g. ``"dog-running"``."""
    return f"{tag[0]}-{tag[1]}"


def parse_tag(text: str) -> Tag:
    """The tag of a text such as ``"dog-running"``; the actor ends at the first hyphen.

    Raises:
        InputError: the text has no hyphen, or nothing before or after it.
    """
    actor, _, action = text.partition("-")
    if not actor.strip() or not action.strip():
        raise InputError(f"tag {text!r} is not of the form actor-action, e.g. dog-running")
    return check_tag(actor, action)


def check_tag(actor: str, action: str) -> Tag:
    """Make a tag of two names, without white space around them.

    Raises:
        InputError: a name is empty or is "background", or the actor has a hyphen in it (it would
            make "actor-action" ambiguous).
    """
    tag = (actor.strip(), action.strip())
    if not all(tag):
        raise InputError(f"a tag needs an actor and an action, got {actor!r} and {action!r}")
    if "-" in tag[0]:
        raise InputError(f"actor {tag[0]!r} has a hyphen in it; use a space or an underscore")
    if "background" in tag:
        raise InputError(f"tag {tag_name(tag)!r}: 'background' is label 0 and cannot be a tag")
    return tag


@dataclass(frozen=True)
class Taxonomy:
    """The actor-action pairs of a data set, in the order of their labels.

    Attributes:
        pairs: pair ``i`` has the label ``i + 1``; at most 254.
        colours: RGB, 0..255, one for each label from 0 (background) to ``len(pairs)``.
    """

    pairs: tuple[Tag, ...]
    colours: tuple[Colour, ...]

    def __post_init__(self) -> None:
        if len(self.pairs) > MAX_PAIRS:
            raise InputError(
                f"{len(self.pairs)} actor-action pairs, at most {MAX_PAIRS} are possible"
            )
        if len(set(self.pairs)) != len(self.pairs):
            raise ValueError("a taxonomy's pairs must differ from each other")
        if len(self.colours) != len(self.pairs) + 1:
            raise ValueError(
                f"expected {len(self.pairs) + 1} colours (background first), "
                f"got {len(self.colours)}"
            )

    @property
    def actors(self) -> tuple[str, ...]:
        """Actors in the order of their first appearance in ``pairs``."""
        return tuple(dict.fromkeys(actor for actor, _ in self.pairs))

    @property
    def actions(self) -> tuple[str, ...]:
        """Actions in the order of their first appearance in ``pairs``."""
        return tuple(dict.fromkeys(action for _, action in self.pairs))

    def label(self, tag: Tag) -> int:
        """Label 1..N of a tag.

        Raises:
            InputError: no class of this taxonomy is that pair.
        """
        try:
            return self.pairs.index(tag) + 1
        except ValueError:
            known = ", ".join(map(tag_name, self.pairs)) or "none"
            raise InputError(f"no class for the tag {tag_name(tag)!r}; classes: {known}") from None

    def labels(self, tags: Iterable[Tag]) -> tuple[int, ...]:
        """Labels of several tags, sorted; raises `InputError` for an unknown one."""
        return tuple(sorted(self.label(tag) for tag in tags))

    def names(self, view: View) -> tuple[str, ...]:
        """Name of each label of a view, "background" first."""
        of_view: dict[str, tuple[str, ...]] = {
            "actor_action": tuple(map(tag_name, self.pairs)),
            "actor": self.actors,
            "action": self.actions,
        }
        return ("background", *of_view[view])

    def view(self, labels: npt.NDArray[np.uint8], view: View) -> npt.NDArray[np.uint8]:
        """Look at a label map by pair, actor or action.

        Args:
            labels: uint8 label map of any shape, e.g. ``H W``.
            view: in ``"actor"`` and ``"action"``, label ``i + 1`` is ``actors[i]`` or
                ``actions[i]``; 0 and 255 stay what they are.

        Returns:
            A new uint8 array of the same shape, to be read with ``names(view)``.

        Raises:
            ValueError: not uint8, or a label that is neither 0..N nor 255.
        """
        if labels.dtype != np.uint8:
            raise ValueError(f"expected labels of type uint8, got {labels.dtype}")
        unknown = (labels > len(self.pairs)) & (labels != IGNORE)
        if unknown.any():
            raise ValueError(
                f"label {labels[unknown].max()} in a map, expected 0..{len(self.pairs)} or {IGNORE}"
            )
        table = np.arange(256, dtype=np.uint8)
        for label, (actor, action) in enumerate(self.pairs, start=1):
            if view == "actor":
                table[label] = self.actors.index(actor) + 1
            elif view == "action":
                table[label] = self.actions.index(action) + 1
        return table[labels]

    def restrict(self, tags: Iterable[Tag]) -> Taxonomy:
        """The taxonomy of these pairs only, in the same order and with the same colours.

        Raises:
            InputError: a tag has no class here.
        """
        kept = (BACKGROUND, *self.labels(set(tags)))
        return Taxonomy(
            pairs=tuple(self.pairs[label - 1] for label in kept[1:]),
            colours=tuple(self.colours[label] for label in kept),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, for JSON; `from_dict` reads them back."""
        return {"pairs": [list(p) for p in self.pairs], "colours": [list(c) for c in self.colours]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Taxonomy:
        """Inverse of `to_dict`."""
        return cls(
            pairs=tuple((str(actor), str(action)) for actor, action in values["pairs"]),
            colours=tuple((int(r), int(g), int(b)) for r, g, b in values["colours"]),
        )


def taxonomy_of(tags: Iterable[Tag]) -> Taxonomy:
    """Taxonomy of the tags that occur: sorted pairs, generated distinct colours."""
    pairs = tuple(sorted(set(tags)))
    return Taxonomy(pairs, _colours(pairs))


def _colours(pairs: tuple[Tag, ...]) -> tuple[Colour, ...]:
    """Black for the background; then a hue for each actor and a lightness for each action.

    Neighbouring shades also differ in saturation, so that they can be told apart in a picture.
    """
    actors = list(dict.fromkeys(actor for actor, _ in pairs))
    actions = list(dict.fromkeys(action for _, action in pairs))
    colours: list[Colour] = [(0, 0, 0)]
    for actor, action in pairs:
        hue = actors.index(actor) / len(actors)
        shade = actions.index(action)
        lightness = 0.5 if len(actions) == 1 else 0.25 + 0.55 * shade / (len(actions) - 1)
        red, green, blue = colorsys.hls_to_rgb(hue, lightness, 1.0 if shade % 2 == 0 else 0.6)
        colours.append((round(255 * red), round(255 * green), round(255 * blue)))
    return tuple(colours)


# A2D (Xu et al., "Can humans fly?", CVPR 2015): id = 10 x actor + action, 43 of 63 pairs occur.
A2D_ACTORS = ("adult", "baby", "ball", "bird", "car", "cat", "dog")
A2D_ACTIONS = (
    "climbing", "crawling", "eating", "flying", "jumping", "rolling", "running", "walking", "none",
)  # fmt: skip
A2D_IDS = (
    11, 12, 13, 15, 16, 17, 18, 19,
    21, 22, 26, 28, 29,
    34, 35, 36, 39,
    41, 43, 44, 45, 46, 48, 49,
    54, 55, 56, 57, 59,
    61, 63, 65, 66, 67, 68, 69,
    72, 73, 75, 76, 77, 78, 79,
)  # fmt: skip
_A2D_PAIRS = tuple((A2D_ACTORS[i // 10 - 1], A2D_ACTIONS[i % 10 - 1]) for i in A2D_IDS)

A2D = Taxonomy(_A2D_PAIRS, _colours(_A2D_PAIRS))
"""The 43 pairs in the order of their ids. The colours are generated, not those of the release."""


def a2d_tag(label_id: int) -> Tag:
    """Tag of an A2D label id, e.g. 13 -> ("adult", "eating").

    Raises:
        InputError: not one of the 43 ids.
    """
    if label_id not in A2D_IDS:
        raise InputError(f"label id {label_id} is not one of the 43 of A2D (10 x actor + action)")
    return A2D.pairs[A2D_IDS.index(label_id)]


def a2d_id(tag: Tag) -> int:
    """A2D label id of a tag, e.g. ("adult", "eating") -> 13; raises `InputError` if none."""
    return A2D_IDS[A2D.label(tag) - 1]


def is_foreground(labels: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Where a label map of any shape names an object: neither background nor 255 (ignore)."""
    return (labels != BACKGROUND) & (labels != IGNORE)
