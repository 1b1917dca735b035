"""Figures of one version against human masks: its pseudo-annotations, selection and model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.datasets.boxes import Box
from pipeline.datasets.taxonomy import Taxonomy
from pipeline.evaluation.confusion import (
    Matrix,
    iou_per_class,
    scores_in_views,
)
from pipeline.evaluation.corloc import corloc
from pipeline.evaluation.jaccard import mean_jaccard

Labels = npt.NDArray[np.uint8]
FrameKey = tuple[str, int]


class FrameFigures(NamedTuple):
    """What one annotated frame adds to the scores of a pseudo-annotation version.

    Attributes:
        confusion: pixels by true and found label, K K.
        jaccard: of the foreground, in percent.
        jaccard_initial: the same of the map before refinement.
        found: box around the largest region; None without foreground.
        true: box around each object.
    """

    confusion: Matrix
    jaccard: float
    jaccard_initial: float
    found: Box | None
    true: list[Box]


def score_pa(measured: Mapping[FrameKey, FrameFigures], taxonomy: Taxonomy) -> dict[str, Any]:
    """Scores in percent of a pseudo-annotation version on these frames; NaN for no frame.

    Returns:
        The scores of ``Scores``; ``iou`` of each class that occurs; ``jaccard``, the mean over
        videos of the foreground's, and ``jaccard_initial``, the same of the maps before refinement;
        ``corloc`` of the box around the largest region of each frame.
    """
    size = len(taxonomy.pairs) + 1
    matrix = sum((f.confusion for f in measured.values()), np.zeros((size, size), np.int64))
    return {
        **_figures(matrix, taxonomy),
        "jaccard": mean_jaccard(by_video(measured, "jaccard")),
        "jaccard_initial": mean_jaccard(by_video(measured, "jaccard_initial")),
        "corloc": corloc((f.found, f.true) for f in measured.values()),
    }


def by_video(
    measured: Mapping[FrameKey, FrameFigures], figure: Literal["jaccard", "jaccard_initial"]
) -> dict[str, list[float]]:
    """One figure of all frames of each video."""
    values: dict[str, list[float]] = {}
    for (video, _), figures in measured.items():
        values.setdefault(video, []).append(getattr(figures, figure))
    return values


def _figures(matrix: Matrix, taxonomy: Taxonomy) -> dict[str, Any]:
    """All scores of a matrix, and ``iou`` by name of each class that occurs."""
    values = zip(taxonomy.names("actor_action"), iou_per_class(matrix).tolist(), strict=True)
    own = {name: value for name, value in values if not np.isnan(value)}
    return {**asdict(scores_in_views(matrix, taxonomy)), "iou": own}


class ModelFigures(NamedTuple):
    """What one annotated video adds to the scores of a model.

    Attributes:
        confusion: pixels by true and predicted label, K K.
        taken_for: for each region of the masks its name and the name of the label that most of its
            pixels got.
    """

    confusion: Matrix
    taken_for: list[tuple[str, str]]


def score_model(measured: Iterable[ModelFigures], taxonomy: Taxonomy) -> dict[str, Any]:
    """Scores in percent of a model on these videos; NaN for no video."""
    size = len(taxonomy.pairs) + 1
    matrix = sum((m.confusion for m in measured), np.zeros((size, size), np.int64))
    return _figures(matrix, taxonomy)


def rank_correlation(score: pd.Series[float], truth: pd.Series[float]) -> float:
    """Spearman's rank correlation over the rows where both are known.

    Returns:
        -1 to 1; NaN for fewer than two rows, or where either is the same in all rows.
    """
    known = score.notna() & truth.notna()
    a, b = score[known], truth[known]
    if a.nunique() < 2 or b.nunique() < 2:
        return float("nan")
    return float(a.rank().corr(b.rank()))
