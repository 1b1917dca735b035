"""Figures of one version against human masks: its pseudo-annotations, selection and model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.artifacts.kinds import Frames, LabelMaps
from pipeline.datasets.taxonomy import BACKGROUND, IGNORE, Taxonomy
from pipeline.evaluation.confusion import confusion_matrix, scores_in_views

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
) -> dict[str, float]:
    """Scores in percent of a pseudo-annotation version on these frames; NaN for no frame."""
    size = len(taxonomy.pairs) + 1
    matrix = np.zeros((size, size), np.int64)
    for video, n in keys:
        matrix += confusion_matrix(truth.labels(video, n), labels.labels(video, n), size)
    return asdict(scores_in_views(matrix, taxonomy))


def score_model(
    truth: LabelMaps,
    frames: Frames,
    videos: Iterable[str],
    predict: Callable[[str, list[int]], Labels],
) -> tuple[dict[str, float], list[tuple[str, str]]]:
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
        for n in truth.frames(video):
            mask, labels = truth.labels(video, n), predicted[keys.index(n)]
            matrix += confusion_matrix(mask, labels, len(names))
            for label in np.setdiff1d(mask, [BACKGROUND, IGNORE]).tolist():
                votes = np.bincount(labels[mask == label], minlength=len(names))
                regions.append((names[label], names[int(votes.argmax())]))
    return asdict(scores_in_views(matrix, frames.taxonomy)), regions


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
