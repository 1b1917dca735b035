"""Figures of one version against human masks: its pseudo-annotations, selection and model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.tables import selected_frames
from pipeline.datasets.boxes import Box
from pipeline.datasets.taxonomy import BACKGROUND, IGNORE, Taxonomy, is_foreground
from pipeline.evaluation.confusion import (
    Matrix,
    confusion_matrix,
    iou_per_class,
    scores_in_views,
)
from pipeline.evaluation.corloc import corloc, largest_box, true_boxes
from pipeline.evaluation.jaccard import jaccard, mean_jaccard

Labels = npt.NDArray[np.uint8]
FrameKey = tuple[str, int]


def annotated_keys(truth: LabelMaps, labels: LabelMaps, videos: Iterable[str]) -> list[FrameKey]:
    """Frames of these videos that have both a human mask and a label map, sorted."""
    return [
        (v, n)
        for v in sorted(videos)
        if v in truth and v in labels
        for n in sorted({*truth.frames(v)} & {*labels.frames(v)})
    ]


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


def measure_frames(
    truth: LabelMaps, labels: LabelMaps, keys: Iterable[FrameKey], taxonomy: Taxonomy
) -> dict[FrameKey, FrameFigures]:
    """Compare a pseudo-annotation version with human masks, each map read once."""
    size = len(taxonomy.pairs) + 1
    measured = {}
    for video, n in keys:
        true, found = truth.labels(video, n), labels.labels(video, n)
        measured[video, n] = FrameFigures(
            confusion_matrix(true, found, size),
            jaccard(true, found),
            jaccard(true, labels.initial(video, n)),
            largest_box(is_foreground(found)),
            true_boxes(true),
        )
    return measured


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


def score_places(truth: LabelMaps, found: Mapping[FrameKey, Box | None]) -> float:
    """CorLoc in percent of the box found in each frame, or none."""
    return corloc((box, true_boxes(truth.labels(*key))) for key, box in found.items())


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


def measure_model(
    truth: LabelMaps, taxonomy: Taxonomy, video: str, keys: Sequence[int], predicted: Labels
) -> ModelFigures:
    """Compare a model's labels of a video's key frames, T H W, with those that have human masks."""
    names = taxonomy.names("actor_action")
    matrix = np.zeros((len(names), len(names)), np.int64)
    regions: list[tuple[str, str]] = []
    found = dict(zip(keys, predicted, strict=True))
    for n in sorted({*truth.frames(video)} & {*keys}):
        mask, labels = truth.labels(video, n), found[n]
        matrix += confusion_matrix(mask, labels, len(names))
        for label in np.setdiff1d(mask, [BACKGROUND, IGNORE]).tolist():
            votes = np.bincount(labels[mask == label], minlength=len(names))
            regions.append((names[label], names[int(votes.argmax())]))
    return ModelFigures(matrix, regions)


def score_model(measured: Iterable[ModelFigures], taxonomy: Taxonomy) -> dict[str, Any]:
    """Scores in percent of a model on these videos; NaN for no video."""
    size = len(taxonomy.pairs) + 1
    matrix = sum((m.confusion for m in measured), np.zeros((size, size), np.int64))
    return _figures(matrix, taxonomy)


def region_iou(truth: LabelMaps, labels: LabelMaps, regions: pd.DataFrame) -> pd.Series[float]:
    """IoU (0..1) of each region, a row with video, frame and label, with the mask of its label.

    NaN where there is no human mask.
    """

    def iou(video: str, frame: int, label: int) -> float:
        if video not in truth or frame not in truth.frames(video):
            return float("nan")
        true, found = truth.labels(video, frame) == label, labels.labels(video, frame) == label
        return float((true & found).sum() / max((true | found).sum(), 1))

    values = [
        iou(str(v), int(n), int(label))
        for v, n, label in zip(regions["video"], regions["frame"], regions["label"], strict=True)
    ]
    return pd.Series(values, index=regions.index, dtype=float)


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


def score_selection(
    truth: LabelMaps,
    labels: LabelMaps,
    measured: Mapping[FrameKey, FrameFigures],
    frames: pd.DataFrame,
    regions: pd.DataFrame,
    taxonomy: Taxonomy,
) -> dict[str, Any]:
    """Figures of a selection.

    Args:
        truth: human masks.
        labels: the version of the pseudo-annotations that was selected from.
        measured: the frames that have both, compared.
        frames: ``video``, ``frame``, ``selected``.
        regions: ``video``, ``frame``, ``label``, ``tag``, the scores that were measured, and
            ``score``, which the selection ranks by.
        taxonomy: of the labels.

    Returns:
        Scores in percent of the selected pseudo-annotations; ``fraction`` of the frames selected,
        in percent; ``rank_correlation`` of ``score`` with the true IoU over the regions, and
        ``rank_correlations`` of every score.
    """
    selected = set(selected_frames(frames))
    iou = region_iou(truth, labels, regions)
    scores = [c for c in regions if c not in ("video", "frame", "label", "tag")]
    correlations = {c: rank_correlation(regions[c].astype(float), iou) for c in scores}
    return {
        **score_pa({k: f for k, f in measured.items() if k in selected}, taxonomy),
        "fraction": 100 * len(selected) / max(len(frames), 1),
        "rank_correlation": correlations["score"],
        "rank_correlations": correlations,
    }
