"""Validation videos: a share of the train videos, and what they may show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pipeline.datasets.taxonomy import Tag
from pipeline.datasets.video import Video
from pipeline.runtime.errors import InputError


def split_validation(videos: Sequence[Video], fraction: float, seed: int) -> tuple[Video, ...]:
    """Turn a share of the train videos into validation videos, stratified by tag set.

    Exactly ``round(fraction * number of train videos)`` are turned. Each set of tags gives its
    share, rounded down; what is missing comes from the sets with the largest remainders, those
    first that keep a train video. Equal remainders are ordered by the seed. The same videos,
    fraction and seed give the same split, in whatever order the videos come.

    Raises:
        ValueError: ``fraction`` is outside 0..1.
    """
    if not 0 <= fraction <= 1:
        raise ValueError(f"expected a fraction of 0..1, got {fraction}")
    groups: dict[tuple[Tag, ...], list[str]] = {}
    for video in sorted(videos, key=lambda v: v.id):
        if video.split == "train":
            groups.setdefault(tuple(sorted(video.tags)), []).append(video.id)
    rng = np.random.default_rng(seed)
    shuffled = [[ids[i] for i in rng.permutation(len(ids))] for _, ids in sorted(groups.items())]
    shuffled = [shuffled[i] for i in rng.permutation(len(shuffled))]

    shares = [fraction * len(ids) for ids in shuffled]
    quotas = [int(share) for share in shares]
    missing = round(fraction * sum(map(len, shuffled))) - sum(quotas)
    order = sorted(
        range(len(shuffled)),
        key=lambda i: (quotas[i] + 1 >= len(shuffled[i]), quotas[i] - shares[i]),
    )
    for i in order[:missing]:
        quotas[i] += 1
    chosen = {name for ids, quota in zip(shuffled, quotas, strict=True) for name in ids[:quota]}
    return tuple(replace(v, split="val") if v.id in chosen else v for v in videos)


def check_validation(videos: Sequence[Video]) -> None:
    """Check that train videos show what validation videos show.

    The pseudo-annotations of validation videos come from classifiers that learned the train ones.

    Raises:
        InputError: a validation video has an actor or an action that no train video has.
    """
    for kind, place in (("actor", 0), ("action", 1)):
        known = {tag[place] for v in videos if v.split == "train" for tag in v.tags}
        for video in videos:
            for tag in video.tags:
                if video.split == "val" and tag[place] not in known:
                    raise InputError(
                        f"validation video {video.id!r} shows the {kind} {tag[place]!r}, which no "
                        "train video shows; put it into the train or test split"
                    )
