"""PA.v0 of a frame: attention maps of the tagged actors and actions -> label map.

WS2, Sections 3.1 (objects: actor maps alone) and 4 (actor and action maps, and several tags).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.datasets.taxonomy import BACKGROUND, IGNORE, Tag, Taxonomy
from pipeline.vision.otsu import BinariseParams, otsu_mask

Cues = Literal["actor", "action", "actor_and_action"]


UNKNOWN = ""  # the action of an actor that a frame shows and no tag names; it has no map


class TaggedPair(NamedTuple):
    """One tag of the video: its label, and the rows of its maps in the two stacks."""

    label: int
    actor: int
    action: int


def shown_labels(
    actors: Iterable[str], tags: Iterable[Tag], taxonomy: Taxonomy
) -> list[tuple[Tag, int]]:
    """The pairs that a frame with these actors may show, with their labels, sorted.

    A tagged actor may show the pairs of its tags. Another one, found by the label filter, takes its
    only pair of the taxonomy; where it has several (actor-action data sets) its action is unknown,
    and its pixels are ignored.
    """
    known = set(tags)
    found: list[tuple[Tag, int]] = []
    for actor in sorted(actors):
        own = [tag for tag in known if tag[0] == actor]
        if own:
            found += [(tag, taxonomy.label(tag)) for tag in own]
            continue
        possible = [pair for pair in taxonomy.pairs if pair[0] == actor]
        label = taxonomy.label(possible[0]) if len(possible) == 1 else IGNORE
        found.append(((actor, UNKNOWN), label))
    return sorted(found)


def assign_labels(
    actor_maps: npt.NDArray[np.floating[Any]],
    action_maps: npt.NDArray[np.floating[Any]] | None,
    pairs: Sequence[TaggedPair],
    cues: Cues,
    binarise: BinariseParams,
) -> npt.NDArray[np.uint8]:
    """Label map before refinement: M_init, with a label for each of its pixels.

    M_init is the union of the binarised maps of every tagged actor and action. Its pixels take the
    pair with the largest *sum* of the actor's and the action's map (the paper leaves it open: a
    product is zero, and so undecided, wherever either map is; the two maps often light up different
    parts of an object, which is why their union is taken). On a tie the lower label wins: with
    ``cues="actor"`` pairs that share the actor cannot be told apart.

    Args:
        actor_maps: ``A H W`` in [0, 1], a map for each tagged actor.
        action_maps: ``B H W`` in [0, 1], a map for each tagged action; None with ``cues="actor"``.
        pairs: the video's tags; empty gives background everywhere.
        cues: which of the maps are used.
        binarise: map -> mask.

    Returns:
        Labels ``H W``.

    Raises:
        ValueError: wrong number of axes, stacks of different size, action maps needed but missing.
    """
    _check(actor_maps, action_maps, cues)
    shape = actor_maps.shape[1:]
    if not pairs:
        return np.full(shape, BACKGROUND, dtype=np.uint8)
    pairs = sorted(pairs)
    mask = np.zeros(shape, dtype=np.bool_)
    answer = np.zeros((len(pairs), *shape), dtype=np.float32)
    if cues != "action":
        mask |= _union(actor_maps, {pair.actor for pair in pairs}, binarise)
        answer += actor_maps[[pair.actor for pair in pairs]]
    if cues != "actor" and action_maps is not None:
        mask |= _union(action_maps, {pair.action for pair in pairs}, binarise)
        answer += action_maps[[pair.action for pair in pairs]]
    label_of = np.array([pair.label for pair in pairs], dtype=np.uint8)
    return np.where(mask, label_of[answer.argmax(axis=0)], BACKGROUND).astype(np.uint8)


def _union(
    maps: npt.NDArray[np.floating[Any]], rows: set[int], binarise: BinariseParams
) -> npt.NDArray[np.bool_]:
    masks = [otsu_mask(maps[row], binarise.variant, binarise.threshold) for row in sorted(rows)]
    return np.logical_or.reduce(masks)


def _check(
    actor_maps: npt.NDArray[np.floating[Any]],
    action_maps: npt.NDArray[np.floating[Any]] | None,
    cues: Cues,
) -> None:
    if actor_maps.ndim != 3:
        raise ValueError(f"expected actor maps A H W, received shape {actor_maps.shape}")
    if action_maps is None:
        if cues != "actor":
            raise ValueError(f"cues {cues!r} need action maps, received None")
    elif action_maps.ndim != 3 or action_maps.shape[1:] != actor_maps.shape[1:]:
        raise ValueError(
            f"expected action maps B H W of the actor maps' size {actor_maps.shape[1:]}, "
            f"received shape {action_maps.shape}"
        )
