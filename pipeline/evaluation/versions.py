"""Figures of one version against human masks: its pseudo-annotations, selection and model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.tables import selected_frames
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


def score_pa(
    truth: LabelMaps, labels: LabelMaps, keys: Iterable[FrameKey], taxonomy: Taxonomy
) -> dict[str, Any]:
    """Scores in percent of a pseudo-annotation version on these frames; NaN for no frame.

    Returns:
        The scores of ``Scores``; ``iou`` of each class that occurs; ``jaccard``, the mean over
        videos of the foreground's, and ``jaccard_initial``, the same of the maps before refinement;
        ``corloc`` of the box around the largest region of each frame.
    """
    known = list(keys)
    size = len(taxonomy.pairs) + 1
    matrix = np.zeros((size, size), np.int64)
    for video, n in known:
        matrix += confusion_matrix(truth.labels(video, n), labels.labels(video, n), size)
    return {
        **_figures(matrix, taxonomy),
        "jaccard": mean_jaccard(frame_jaccards(truth, labels.labels, known)),
        "jaccard_initial": mean_jaccard(frame_jaccards(truth, labels.initial, known)),
        "corloc": score_places(
            truth, known, lambda video, n: is_foreground(labels.labels(video, n))
        ),
    }


def frame_jaccards(
    truth: LabelMaps, labels: Callable[[str, int], Labels], keys: Iterable[FrameKey]
) -> dict[str, list[float]]:
    """By video the Jaccard in percent of the foreground of ``labels`` in each of these frames."""
    found: dict[str, list[float]] = {}
    for video, n in keys:
        value = jaccard(truth.labels(video, n), labels(video, n))
        found.setdefault(video, []).append(value)
    return found


def score_places(
    truth: LabelMaps,
    keys: Iterable[FrameKey],
    mask: Callable[[str, int], npt.NDArray[np.bool_]],
) -> float:
    """CorLoc in percent of the box around the largest component of each frame's mask H W."""
    return corloc((largest_box(mask(v, n)), true_boxes(truth.labels(v, n))) for v, n in keys)


def _figures(matrix: Matrix, taxonomy: Taxonomy) -> dict[str, Any]:
    """All scores of a matrix, and ``iou`` by name of each class that occurs."""
    values = zip(taxonomy.names("actor_action"), iou_per_class(matrix).tolist(), strict=True)
    own = {name: value for name, value in values if not np.isnan(value)}
    return {**asdict(scores_in_views(matrix, taxonomy)), "iou": own}


def score_model(
    truth: LabelMaps,
    frames: Frames,
    videos: Iterable[str],
    predict: Callable[[str, list[int]], Labels],
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Scores in percent of predictions on videos, and what each annotated region was taken for.

    Args:
        truth: human masks.
        frames: images, taxonomy.
        videos: those without human masks are left out.
        predict: labels T H W of a video's key frames; the human masks choose among them after.

    Returns:
        The scores, and for each region of the masks its name and the name of the label that most
        of its pixels got.
    """
    names = frames.taxonomy.names("actor_action")
    matrix = np.zeros((len(names), len(names)), np.int64)
    regions: list[tuple[str, str]] = []
    for video in sorted(v for v in videos if v in truth):
        keys = frames.key_frames(video)
        predicted = predict(video, keys)
        for n in sorted({*truth.frames(video)} & {*keys}):
            mask, labels = truth.labels(video, n), predicted[keys.index(n)]
            matrix += confusion_matrix(mask, labels, len(names))
            for label in np.setdiff1d(mask, [BACKGROUND, IGNORE]).tolist():
                votes = np.bincount(labels[mask == label], minlength=len(names))
                regions.append((names[label], names[int(votes.argmax())]))
    return _figures(matrix, frames.taxonomy), regions


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
    keys: Iterable[FrameKey],
    frames: pd.DataFrame,
    regions: pd.DataFrame,
    taxonomy: Taxonomy,
) -> dict[str, Any]:
    """Figures of a selection.

    Args:
        truth: human masks.
        labels: the version of the pseudo-annotations that was selected from.
        keys: the frames that have both.
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
        **score_pa(truth, labels, [k for k in keys if k in selected], taxonomy),
        "fraction": 100 * len(selected) / max(len(frames), 1),
        "rank_correlation": correlations["score"],
        "rank_correlations": correlations,
    }
