"""Label maps, selections and predictions of a version, compared with human masks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.selections import Selection
from pipeline.datasets.boxes import Box
from pipeline.datasets.taxonomy import BACKGROUND, IGNORE, Taxonomy, is_foreground
from pipeline.evaluation.confusion import confusion_matrix
from pipeline.evaluation.corloc import corloc, largest_box, true_boxes
from pipeline.evaluation.jaccard import jaccard
from pipeline.evaluation.versions import (
    FrameFigures,
    FrameKey,
    ModelFigures,
    rank_correlation,
    score_pa,
)

Labels = npt.NDArray[np.uint8]


def annotated_keys(truth: LabelMaps, labels: LabelMaps, videos: Iterable[str]) -> list[FrameKey]:
    """Frames of these videos that have both a human mask and a label map, sorted."""
    return [
        (v, n)
        for v in sorted(videos)
        if v in truth and v in labels
        for n in sorted({*truth.frames(v)} & {*labels.frames(v)})
    ]


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


def score_places(truth: LabelMaps, found: Mapping[FrameKey, Box | None]) -> float:
    """CorLoc in percent of the box found in each frame, or none."""
    return corloc((box, true_boxes(truth.labels(*key))) for key, box in found.items())


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


def score_selection(
    truth: LabelMaps,
    labels: LabelMaps,
    measured: Mapping[FrameKey, FrameFigures],
    selection: Selection,
    taxonomy: Taxonomy,
) -> dict[str, Any]:
    """Figures of a selection.

    Args:
        truth: human masks.
        labels: the version of the pseudo-annotations that was selected from.
        measured: figures of the frames that have both.
        selection: its regions have ``score``, which it ranks by, and the other scores.
        taxonomy: of the labels.

    Returns:
        The selection's own report; scores in percent of the selected pseudo-annotations;
        ``fraction`` of the frames selected, in percent; ``rank_correlation`` of ``score`` with the
        true IoU over the regions, and ``rank_correlations`` of every score.
    """
    selected, regions = set(selection.selected), selection.regions
    iou = region_iou(truth, labels, regions)
    scores = [c for c in regions if c not in ("video", "frame", "label", "tag")]
    correlations = {c: rank_correlation(regions[c].astype(float), iou) for c in scores}
    return {
        **score_pa({k: f for k, f in measured.items() if k in selected}, taxonomy),
        "fraction": 100 * len(selected) / max(len(selection.frames), 1),
        "rank_correlation": correlations["score"],
        "rank_correlations": correlations,
        **{k: v for k, v in selection.report.items() if k != "selected"},
    }
