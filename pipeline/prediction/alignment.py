"""Action alignment: one action for an actor that is followed over neighbouring frames.

WS2, Section 5.2: "take the poll of neighboring frames, and assign the action label with the
maximum votes to the actor of interest". How the actor is followed, the paper does not say. Ours:
the connected components of one actor are linked from a frame to the next where each is the
other's component with the largest intersection over union. The link being mutual, a track holds
at most one component a frame, and two actors that touch for a while do not become one for good.
While they touch they are one component: that is the limit of a method without instances.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from pipeline.datasets.taxonomy import IGNORE
from pipeline.prediction.answer import Answer
from pipeline.prediction.correction import Correction
from pipeline.runtime.params import Params

if TYPE_CHECKING:
    from pipeline.prediction.read_evidence import Evidence


class AlignParams(Params):
    """Action alignment.

    Attributes:
        window: frames on either side that vote; None for the whole track.
    """

    window: int | None = Field(default=None, gt=0)


@dataclass(frozen=True)
class _Components:
    """Connected components of a video, numbered from 1 in order of frames."""

    maps: npt.NDArray[np.int32]  # T H W, 0 = none
    actor: npt.NDArray[np.int64]  # N + 1, entry 0 unused
    area: npt.NDArray[np.int64]  # N + 1


def align_actions(
    labels: npt.NDArray[np.uint8],
    actor_of_label: npt.NDArray[np.uint8],
    window: int | None = None,
) -> npt.NDArray[np.uint8]:
    """Give an actor that is followed over frames the action with most votes.

    A vote is a pixel; on a tie the lower label wins. The winner is one of the labels that occur
    in the track itself, and all of these share the actor: the result is a valid pair, and one of
    the video's tags if the input was restricted to them.

    Args:
        labels: ``T H W``, consecutive annotated frames of one video in order: 0 background,
            1..N, 255 ignore (left as it is).
        actor_of_label: ``N + 1``, number of the actor of each label, 0 for the background.
        window: frames on either side that vote; None for the whole track.

    Returns:
        Labels ``T H W``. Only actions change; the foreground and its actors stay the same.

    Raises:
        ValueError: not three axes, or a label beyond the look-up table.
    """
    if labels.ndim != 3:
        raise ValueError(f"expected labels T H W, received shape {labels.shape}")
    num_labels = len(actor_of_label)
    if bool(((labels >= num_labels) & (labels != IGNORE)).any()):
        raise ValueError(f"expected labels below {num_labels} or {IGNORE}, received others")
    actor_of_value = np.zeros(256, dtype=np.uint8)
    actor_of_value[:num_labels] = actor_of_label
    actor_of_value[IGNORE] = 0
    found = _components(actor_of_value[labels])
    if found.area.size == 1:
        return labels.copy()
    inside = found.maps > 0
    ballots = found.maps[inside].astype(np.int64) * num_labels + labels[inside]
    votes = np.bincount(ballots, minlength=found.area.size * num_labels)
    votes = votes.reshape(found.area.size, num_labels)
    winner = np.zeros(found.area.size, dtype=np.uint8)
    for track in _tracks(found):
        winner[track] = _poll(votes[track], window).argmax(axis=1)
    return np.where(inside, winner[found.maps], labels)


def _components(actors: npt.NDArray[np.uint8]) -> _Components:
    """Connected components (8 neighbours) of each actor in each frame; ``actors``: ``T H W``."""
    maps = np.zeros(actors.shape, dtype=np.int32)
    actor_of = [0]
    for frame, numbered in zip(actors, maps, strict=True):
        for actor in np.unique(frame[frame > 0]):
            count, parts = cv2.connectedComponents((frame == actor).astype(np.uint8))
            inside = parts > 0
            numbered[inside] = parts[inside] + len(actor_of) - 1
            actor_of += [int(actor)] * (count - 1)
    area = np.bincount(maps.ravel(), minlength=len(actor_of))
    return _Components(maps, np.array(actor_of), area)


def _tracks(found: _Components) -> list[list[int]]:
    """Chains of linked components, one component a frame, frames in order."""
    tracks: dict[int, list[int]] = {}  # by their last component
    finished: list[list[int]] = []
    for t, numbered in enumerate(found.maps):
        link = _links(found, t) if t else {}
        last = tracks
        tracks = {}
        for component in np.unique(numbered[numbered > 0]).tolist():
            track = last.pop(link[component]) if component in link else []
            tracks[component] = [*track, component]
        finished += last.values()
    return finished + list(tracks.values())


def _links(found: _Components, t: int) -> dict[int, int]:
    """Component of frame ``t`` -> component of frame ``t - 1``, where each is the other's best."""
    before, after = found.maps[t - 1], found.maps[t]
    both = (before > 0) & (after > 0)
    base = int(after.max(initial=0)) + 1
    codes, common = np.unique(
        before[both].astype(np.int64) * base + after[both], return_counts=True
    )
    first, second = np.divmod(codes, base)
    same = found.actor[first] == found.actor[second]
    first, second, common = first[same], second[same], common[same]
    iou = common / (found.area[first] + found.area[second] - common)
    best_next: dict[int, int] = {}
    best_previous: dict[int, int] = {}
    for i in np.argsort(-iou, kind="stable").tolist():
        best_next.setdefault(int(first[i]), int(second[i]))
        best_previous.setdefault(int(second[i]), int(first[i]))
    return {b: a for b, a in best_previous.items() if best_next[a] == b}


def _poll(votes: npt.NDArray[np.int64], window: int | None) -> npt.NDArray[np.int64]:
    """Votes of a track's components ``F L``, each summed with its neighbours in the window."""
    count = len(votes)
    reach = count if window is None else window
    sums = np.concatenate([np.zeros_like(votes[:1]), votes.cumsum(axis=0)])
    here = np.arange(count)
    return np.asarray(sums[np.minimum(here + reach + 1, count)] - sums[np.maximum(here - reach, 0)])


def align_prediction(answer: Answer, evidence: Evidence, params: AlignParams) -> Answer:
    """The answer's label maps, one action for each actor that is followed."""
    labels: Any = np.arange(evidence.num_labels, dtype=np.uint8)
    actor_of_label = evidence.taxonomy.view(labels, "actor")
    return answer.decide(align_actions(answer.labels(), actor_of_label, params.window))


ALIGNMENT = Correction(AlignParams, align_prediction)
