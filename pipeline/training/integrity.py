"""What is computed with a segmenter on pseudo-annotated frames during and after its training.

The region integrity criterion on the validation split, and the shifts of the background logit that
hold the predicted areas. Neither looks at a human mask.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from torch import Tensor

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.maps import Maps
from pipeline.artifacts.superpixels import Superpixels
from pipeline.datasets.video import spread
from pipeline.evaluation.confusion import confusion_matrix
from pipeline.evaluation.region_integrity import integrity_scores
from pipeline.networks.base import Segmenter
from pipeline.networks.inference import Segmentation
from pipeline.networks.video_inference import segment_videos
from pipeline.prediction.area_anchor import (
    AnchorParams,
    anchored_shifts,
    margin_histograms,
    no_histograms,
)
from pipeline.prediction.params import PredictionParams, refine_all
from pipeline.prediction.video_prediction import Known, read_known, with_what_is_known
from pipeline.runtime.errors import InputError


def validation_keys(frames: Frames, labels: LabelMaps, count: int | None) -> dict[str, list[int]]:
    """The frames that RIC is computed on: ``count`` of each pseudo-annotated validation video.

    Raises:
        InputError: there is none.
    """
    validation = set(frames.of_split("val"))
    keys = {v: spread(labels.frames(v), count) for v in labels.videos if v in validation}
    if not keys:
        raise InputError(
            "no validation video has a tag, so no epoch can be chosen; raise dataset.validation"
        )
    return keys


def evaluate_integrity(
    model: Segmenter,
    frames: Frames,
    labels: LabelMaps,
    actions: Maps,
    superpixels: Superpixels,
    keys: Mapping[str, Sequence[int]],
    prediction: PredictionParams,
    weight: float,
    anchor: AnchorParams | None,
) -> dict[str, float]:
    """mIoU_PA, RII and RIC (WS2 Eq. 1-3) in percent.

    The paper does not say whether validation predictions know the video's tags. Ours do, and they
    have the action prior and what the anchors hold, area and shares of the tags: RIC chooses the
    epoch that predicts the next pseudo-annotation, and that prediction is made so.

    Args:
        model: in evaluation mode.
        frames: images and tags.
        labels: the pseudo-annotations that training uses; their metadata hold the share of PA.v0.
        actions: action maps, for the action prior.
        superpixels: of the same frames.
        keys: frames of each validation video. Their margins are held in memory, 5 bytes a pixel.
        prediction: rule, action prior, tag anchor, refinement.
        weight: of RII in RIC.
        anchor: the areas the predictions have (ours); None takes them as they are.
    """
    size = len(frames.taxonomy.pairs) + 1
    answers, histograms = {}, no_histograms(size)
    for video, answer, known in _answers(model, frames, labels, actions, keys, prediction):
        own = with_what_is_known(answer, known, prediction)
        if anchor is not None:
            histograms += margin_histograms(own.margin, own.labels, size)
        answers[video] = replace(own, classes=None)  # the margins are enough to hold
    shifts = None
    if anchor is not None:
        shifts = anchored_shifts(
            histograms,
            _label_counts(labels, keys, size),
            anchor,
            float(labels.metadata["initial_share"]),
        )
    matrix_pa = np.zeros((size, size), np.int64)
    matrix_rii = np.zeros((size, size), np.int64)
    for video, numbers in keys.items():
        initial = answers[video].label_map(shifts)
        regions = [superpixels.superpixels(video, n) for n in numbers]
        refined = refine_all(initial, regions, prediction.refine, size)
        truth = np.stack([labels.labels(video, n) for n in numbers])
        matrix_pa += confusion_matrix(truth, refined, size)
        matrix_rii += confusion_matrix(initial, refined, size)
    scores = integrity_scores(matrix_pa, matrix_rii, weight)
    return {"ric": scores.ric, "rii": scores.rii, "miou_pa": scores.miou_pa}


class Shifts(NamedTuple):
    """Shifts K of a model's background logit where a pixel has each label.

    Attributes:
        alone: for its own answers.
        with_prior: for answers with the action prior, which makes foreground more probable; the
            same where there is none.
    """

    alone: list[float]
    with_prior: list[float]


def foreground_shifts(
    model: Segmenter,
    frames: Frames,
    labels: LabelMaps,
    actions: Maps,
    anchor: AnchorParams | None,
    prediction: PredictionParams,
    seed: int,
) -> Shifts:
    """Shifts of the background logit that hold what is held (ours; see ``area_anchor``).

    Args:
        model: in evaluation mode.
        frames: images and tags.
        labels: a version of the pseudo-annotations; its metadata hold the share of PA.v0.
        actions: action maps, for the action prior.
        anchor: what is held; None shifts nothing.
        prediction: rule, action prior, tag anchor.
        seed: draws the frames that shares are measured on.
    """
    size = len(frames.taxonomy.pairs) + 1
    if anchor is None:
        return Shifts([0.0] * size, [0.0] * size)
    train = set(frames.tagged("train"))
    keys = [(v, n) for v in labels.videos if v in train for n in labels.frames(v)]
    count = min(anchor.frames, len(keys))
    chosen = np.random.default_rng(seed).choice(len(keys), count, replace=False)
    of_video: dict[str, list[int]] = {}
    for video, number in (keys[index] for index in sorted(chosen.tolist())):
        of_video.setdefault(video, []).append(number)
    alone, with_prior = no_histograms(size), no_histograms(size)
    for _, answer, known in _answers(model, frames, labels, actions, of_video, prediction):
        own = with_what_is_known(answer, known._replace(actions=None), prediction)
        found = margin_histograms(own.margin, own.labels, size)
        alone += found
        if known.actions is not None:
            own = with_what_is_known(answer, known, prediction)
            found = margin_histograms(own.margin, own.labels, size)
        with_prior += found
    counts = _label_counts(labels, of_video, size)
    share = float(labels.metadata["initial_share"])
    return Shifts(
        *(anchored_shifts(h, counts, anchor, share).tolist() for h in (alone, with_prior))
    )


def shifts_of_states(
    model: Segmenter,
    states: Mapping[str, dict[str, Tensor]],
    frames: Frames,
    labels: LabelMaps,
    actions: Maps,
    anchor: AnchorParams | None,
    prediction: PredictionParams,
    seed: int,
) -> dict[str, Shifts]:
    """:func:`foreground_shifts` for several weights of ``model``, which keeps the last ones."""
    shifts: dict[str, Shifts] = {}
    found: dict[int, Shifts] = {}  # criteria that chose one epoch hold one and the same state
    for name, state in states.items():
        if id(state) not in found:
            model.load_state_dict(state)
            model.eval()
            found[id(state)] = foreground_shifts(
                model, frames, labels, actions, anchor, prediction, seed
            )
        shifts[name] = found[id(state)]
    return shifts


def _answers(
    model: Segmenter,
    frames: Frames,
    labels: LabelMaps,
    actions: Maps,
    keys: Mapping[str, Sequence[int]],
    prediction: PredictionParams,
) -> Iterator[tuple[str, Segmentation, Known]]:
    """Videos with the model's own answers for some of their frames, and what else is known."""
    keep = prediction.needs_logits
    for video, answer in segment_videos(model, frames, keys, prediction.rule, keep_classes=keep):
        yield video, answer, read_known(frames, actions, labels, video, keys[video], prediction)


def _label_counts(
    labels: LabelMaps, keys: Mapping[str, Sequence[int]], num_labels: int
) -> npt.NDArray[np.int64]:
    """Pixels of each label in some frames; those of 255 (ignore) are left out."""
    counts = np.zeros(256, np.int64)
    for video, numbers in keys.items():
        for n in numbers:
            counts += np.bincount(labels.labels(video, n).ravel(), minlength=256)
    return counts[:num_labels]
