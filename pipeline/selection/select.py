"""Which frames of a pseudo-annotation version to train on (WS2, Section 3.2).

Two tables go in. ``frames``: columns ``video``, ``frame``, one row for each frame of the version.
``regions``: columns ``video``, ``frame``, ``tag`` and what a rule needs, one row for each region
of these frames. Out comes one truth value for each row of ``frames``, because a frame's label map
is trained on as a whole: all of its regions have to pass a test, its rank is the mean rank of its
regions, and for a quota it counts under the rarest of their tags. A frame without any region is
taken by the rule ``full`` only.

The rules of motion (M-CNN) look at no region: their columns of ``frames`` are those of
:func:`pipeline.selection.motion_overlap.measure_shot`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field, field_validator, model_validator

from pipeline.runtime.errors import InputError
from pipeline.runtime.params import Params
from pipeline.selection.motion_overlap import (
    COLUMNS,
    MotionRuleParams,
    select_best_shots,
    select_moving,
)
from pipeline.selection.table import OTHERS, SCORES

RuleName = Literal["full", "random", "ranked", "tests", "motion", "motion_overlap"]
MOTION_RULES: tuple[RuleName, ...] = ("motion", "motion_overlap")
_FRAME = ["video", "frame"]


class SelectParams(Params):
    """Selection of frames.

    Attributes:
        rule: ``full`` every frame; ``tests`` those whose regions each pass the strict or the
            relaxed test (the paper); ``ranked`` the best by ``scores`` (ours); ``random``;
            ``motion`` frames of shots in motion (M-CNN); ``motion_overlap`` the same, and from
            version v1 on of the one shot of each video that the prediction overlaps best.
        fraction: of the frames with regions, for ``random`` and ``ranked``; for ``tests`` with a
            quota or a share of each video, the most that is taken.
        quota: ``tag``: the fraction holds for each tag's frames on its own (at least one each);
            ``none``: for all together, where easy tags crowd out hard ones.
        video_share: the most of a video's frames that are taken, at least one. A score is much the
            same all through a video, so that the best frames come from few videos, and a network
            that sees few videos learns less.
        scores: names of :data:`pipeline.selection.table.SCORES` to rank by, or ``classifier`` and
            ``realness``, the tests' own probabilities. With a column ``iou`` of true IoU,
            ``ranked`` is an oracle, for diagnosis only.
        motion: of the rules ``motion`` and ``motion_overlap``.
    """

    rule: RuleName = "tests"
    fraction: float = Field(default=0.4, gt=0, le=1)
    quota: Literal["none", "tag"] = "none"
    video_share: float = Field(default=1.0, gt=0, le=1)
    scores: tuple[str, ...] = ()
    motion: MotionRuleParams = MotionRuleParams()

    @field_validator("scores")
    @classmethod
    def _known_scores(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        known = (*SCORES, *OTHERS)
        unknown = [name for name in names if name not in known]
        if unknown:
            raise ValueError(f"unknown score {unknown[0]}; known: {', '.join(known)}")
        return names

    @model_validator(mode="after")
    def _scores_where_needed(self) -> SelectParams:
        needed = self.rule == "ranked" or (self.rule == "tests" and self.limited)
        if needed and not self.scores:
            limits = f"quota {self.quota} and video_share {self.video_share:g}"
            raise ValueError(f"rule {self.rule} with {limits} needs scores to rank by")
        return self

    @model_validator(mode="after")
    def _realness_where_it_is_measured(self) -> SelectParams:
        if "realness" in self.scores and self.rule != "tests":
            raise ValueError(f"only the rule tests measures realness, not {self.rule}")
        return self

    def needed_classifier(self) -> str | None:
        """What asks for the classifier of actors, if anything does."""
        if self.rule == "tests":
            return "the rule tests"
        return "the score classifier" if "classifier" in self.scores else None

    @property
    def needs_flow(self) -> bool:
        """Whether a score is measured along optical flow."""
        return "flow" in self.needed_cues()

    def needed_cues(self) -> dict[str, str]:
        """The cues that the scores and the rule look at, each with what asks for it."""
        needed = {}
        for score in self.scores:
            for cue in SCORES[score].needs if score in SCORES else ():
                needed[cue] = f"the score {score}"
        if self.rule in MOTION_RULES:
            needed["motion"] = f"the rule {self.rule}"
        return needed

    @property
    def limited(self) -> bool:
        """Whether passing the tests is not enough to be selected."""
        return self.quota == "tag" or self.video_share < 1


def rank_average(scores: pd.DataFrame) -> pd.Series[float]:
    """Mean over the columns of each row's relative rank.

    Args:
        scores: one column a score, higher is better; NaN = not measured, and left out of the mean.

    Returns:
        In [0, 1], higher is better: rank (r - 1/2) / n of the r-th lowest of n, ties at their mean
        rank; 0 for a row without any score.
    """
    relative = (scores.rank(method="average") - 0.5) / scores.count()
    return relative.mean(axis=1).fillna(0.0).astype(float)


def select(
    frames: pd.DataFrame, regions: pd.DataFrame, params: SelectParams, seed: int = 0
) -> pd.Series[bool]:
    """Choose frames by the rule of ``params``.

    Args:
        frames: every frame of the version.
        regions: every region; the rule ``tests`` needs the boolean columns ``real`` (strict test:
            the discriminator takes the cut-and-paste patch for real) and ``recognised`` (relaxed
            test: the classifier names the tagged actor from the cut-out).
        params: the rule and its parameters.
        seed: of the rule ``random``.

    Returns:
        Selected or not, with the index of ``frames``. It does not depend on the rows' order.

    Raises:
        InputError: ``params.scores`` names an unknown column.
        ValueError: a column is missing; a frame occurs twice, a region's frame is not in
            ``frames``.
    """
    _check(frames, regions, params)
    chosen = RULES[params.rule](frames, regions, params, seed)
    return pd.Series(pd.MultiIndex.from_frame(frames[_FRAME]).isin(chosen), index=frames.index)


def select_full(
    frames: pd.DataFrame, regions: pd.DataFrame, params: SelectParams, seed: int
) -> pd.MultiIndex:
    """Every frame, those without regions too: to the network they are background."""
    return pd.MultiIndex.from_frame(frames[_FRAME])


def select_random(
    frames: pd.DataFrame, regions: pd.DataFrame, params: SelectParams, seed: int
) -> pd.MultiIndex:
    """A random fraction of the frames with regions, as the baseline of every other rule."""
    candidates = _candidates(regions)
    rank = np.random.default_rng(seed).random(len(candidates))
    return _best(candidates.assign(rank=rank), params)


def select_ranked(
    frames: pd.DataFrame, regions: pd.DataFrame, params: SelectParams, seed: int
) -> pd.MultiIndex:
    """The best fraction by the rank average of ``params.scores``."""
    return _best(_ranked(regions, params), params)


def select_by_tests(
    frames: pd.DataFrame, regions: pd.DataFrame, params: SelectParams, seed: int
) -> pd.MultiIndex:
    """Frames whose regions each pass the strict or the relaxed test (WS2).

    With a quota by tag or a share of each video, the best of the passing ones by the scores: no tag
    gets more than the fraction of its frames, no video more than its share.
    """
    passed = regions.assign(passed=regions["real"] | regions["recognised"])
    whole = passed.groupby(_FRAME)["passed"].all()
    winners = whole.index[whole.to_numpy(dtype=bool)]
    if not params.limited:
        return pd.MultiIndex.from_tuples(winners.tolist(), names=_FRAME)
    return _best(_ranked(regions, params), params, winners)


def select_motion(
    frames: pd.DataFrame, regions: pd.DataFrame, params: SelectParams, seed: int
) -> pd.MultiIndex:
    """Frames of shots in motion (M-CNN Sec. 4.2)."""
    return pd.MultiIndex.from_frame(select_moving(frames)[_FRAME])


def select_motion_overlap(
    frames: pd.DataFrame, regions: pd.DataFrame, params: SelectParams, seed: int
) -> pd.MultiIndex:
    """Of these the shot of each video that the prediction overlaps best (M-CNN Sec. 3.3)."""
    return pd.MultiIndex.from_frame(select_best_shots(frames, params.motion)[_FRAME])


Rule = Callable[[pd.DataFrame, pd.DataFrame, SelectParams, int], pd.MultiIndex]
RULES: dict[RuleName, Rule] = {
    "full": select_full,
    "random": select_random,
    "ranked": select_ranked,
    "tests": select_by_tests,
    "motion": select_motion,
    "motion_overlap": select_motion_overlap,
}


def _candidates(regions: pd.DataFrame) -> pd.DataFrame:
    """Frames with regions, sorted, with the ``tag`` that each counts under: its rarest.

    Rarity is the number of frames that hold the tag; on a tie the first in the alphabet.
    """
    by_tag = regions.drop_duplicates([*_FRAME, "tag"])
    count = by_tag["tag"].map(by_tag["tag"].value_counts())
    order = by_tag.assign(count=count).sort_values([*_FRAME, "count", "tag"])
    return order.drop_duplicates(_FRAME).set_index(_FRAME)[["tag"]]


def _ranked(regions: pd.DataFrame, params: SelectParams) -> pd.DataFrame:
    """Candidates with their ``rank``: the mean over a frame's regions."""
    rank = regions.assign(rank=rank_average(regions[list(params.scores)]))
    return _candidates(regions).assign(rank=rank.groupby(_FRAME)["rank"].mean())


def _best(
    candidates: pd.DataFrame, params: SelectParams, among: pd.Index | None = None
) -> pd.MultiIndex:
    """The best of the candidates, as many as the fraction (of each tag's, with a quota) allows.

    Args:
        candidates: frames with ``tag`` and ``rank``, which also say how many there are.
        params: fraction, quota and share of a video.
        among: the candidates that may be taken; None for all.
    """
    order = candidates.sort_values("rank", ascending=False, kind="stable")
    taken = np.ones(len(order), bool) if among is None else order.index.isin(among)
    allowed = pd.Series(taken, index=order.index)
    videos = pd.Series(order.index.get_level_values(0), index=order.index)
    tags = order["tag"] if params.quota == "tag" else pd.Series("", index=order.index)
    for group, share in ((videos, params.video_share), (tags, params.fraction)):
        size = group.groupby(group.to_numpy()).transform("size")
        limit = np.maximum(1, np.floor(share * size + 0.5))  # round half up, at least one
        place = allowed.astype(int).groupby(group.to_numpy()).cumsum()  # from 1
        allowed &= place <= limit
    return pd.MultiIndex.from_tuples(order.index[allowed].tolist(), names=_FRAME)


def _check(frames: pd.DataFrame, regions: pd.DataFrame, params: SelectParams) -> None:
    needed = [*_FRAME, "tag"] + (["real", "recognised"] if params.rule == "tests" else [])
    missing = [name for name in needed if name not in regions.columns]
    if missing:
        raise ValueError(f"expected region columns {needed}, missing {missing}")
    if params.rule in MOTION_RULES and not {*COLUMNS} <= {*frames.columns}:
        raise ValueError(f"expected frame columns {list(COLUMNS)}, received {list(frames.columns)}")
    unknown = [name for name in params.scores if name not in regions.columns]
    if unknown:
        measured = [n for n in regions.columns if n not in (*needed, "label")]
        raise InputError(
            f"unknown score {unknown[0]!r} in the parameter scores; measured are: "
            f"{', '.join(sorted(measured)) or 'none'}"
        )
    index = pd.MultiIndex.from_frame(frames[_FRAME])
    if index.has_duplicates:
        raise ValueError(f"expected each frame once, received {index[index.duplicated()][0]} twice")
    if not pd.MultiIndex.from_frame(regions[_FRAME]).isin(index).all():
        raise ValueError("expected regions of the given frames, received a region of another")
