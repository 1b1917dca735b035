"""What is computed with a segmenter on pseudo-annotated frames during and after its training.

The region integrity criterion on the validation split, and the shift of the background logit that
holds the predicted area. Neither looks at a human mask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from torch import Tensor

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.superpixels import Superpixels
from pipeline.datasets.video import spread
from pipeline.evaluation.confusion import confusion_matrix
from pipeline.evaluation.region_integrity import integrity_scores
from pipeline.networks.base import Segmenter
from pipeline.networks.inference import Rule
from pipeline.networks.video_inference import segment_videos
from pipeline.refinement.area_anchor import AnchorParams, shift_of_area
from pipeline.refinement.prediction import PredictionParams, refine_all
from pipeline.refinement.tag_anchor import anchor_tags
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
    superpixels: Superpixels,
    keys: Mapping[str, Sequence[int]],
    prediction: PredictionParams,
    weight: float,
    anchor: AnchorParams | None,
) -> dict[str, float]:
    """mIoU_PA, RII and RIC (WS2 Eq. 1-3) in percent.

    The paper does not say whether validation predictions know the video's tags. Ours do, and they
    have what the anchors hold, area and shares of the tags: RIC chooses the epoch that predicts the
    next pseudo-annotation, and that prediction is made so.

    Args:
        model: in evaluation mode.
        frames: images and tags.
        labels: the pseudo-annotations that training uses; their metadata hold the share of PA.v0.
        superpixels: of the same frames.
        keys: frames of each validation video. Their margins are held in memory, 5 bytes a pixel.
        prediction: rule, tag anchor, refinement.
        weight: of RII in RIC.
        anchor: the area the predictions have (ours); None takes them as they are.
    """
    size = len(frames.taxonomy.pairs) + 1
    answers = {}
    for video, answer in segment_videos(
        model, frames, keys, prediction.rule, keep_classes=prediction.tag_anchor
    ):
        if answer.classes is not None:
            tags = frames.taxonomy.labels(frames.tags(video))
            known = np.stack([labels.labels(video, n) for n in keys[video]])
            answer = anchor_tags(answer, tags, known)
        answers[video] = replace(answer, classes=None)  # the margins are enough to hold
    shift = 0.0
    if anchor is not None:
        initial_share = float(labels.metadata["initial_share"])
        shift = shift_of_area([a.margin for a in answers.values()], anchor, initial_share)
    matrix_pa = np.zeros((size, size), np.int64)
    matrix_rii = np.zeros((size, size), np.int64)
    for video, numbers in keys.items():
        initial = answers[video].label_map(shift)
        regions = [superpixels.superpixels(video, n) for n in numbers]
        refined = refine_all(initial, regions, prediction.refine, size)
        truth = np.stack([labels.labels(video, n) for n in numbers])
        matrix_pa += confusion_matrix(truth, refined, size)
        matrix_rii += confusion_matrix(initial, refined, size)
    scores = integrity_scores(matrix_pa, matrix_rii, weight)
    return {"ric": scores.ric, "rii": scores.rii, "miou_pa": scores.miou_pa}


def foreground_shift(
    model: Segmenter,
    frames: Frames,
    labels: LabelMaps,
    anchor: AnchorParams | None,
    rule: Rule,
    seed: int,
) -> float:
    """Shift of the background logit that holds the predicted area (ours; see ``area_anchor``).

    Args:
        model: in evaluation mode.
        frames: images and tags.
        labels: a version of the pseudo-annotations; its metadata hold the share of PA.v0.
        anchor: how much of that share; None shifts nothing.
        rule: see :func:`pipeline.networks.inference.margin_and_class`.
        seed: draws the frames that the share is measured on.
    """
    if anchor is None:
        return 0.0
    train = set(frames.tagged("train"))
    keys = [(v, n) for v in labels.videos if v in train for n in labels.frames(v)]
    count = min(anchor.frames, len(keys))
    chosen = np.random.default_rng(seed).choice(len(keys), count, replace=False)
    of_video: dict[str, list[int]] = {}
    for video, number in (keys[index] for index in sorted(chosen.tolist())):
        of_video.setdefault(video, []).append(number)
    margins = (answer.margin for _, answer in segment_videos(model, frames, of_video, rule))
    return shift_of_area(margins, anchor, float(labels.metadata["initial_share"]))


def foreground_shifts(
    model: Segmenter,
    states: Mapping[str, dict[str, Tensor]],
    frames: Frames,
    labels: LabelMaps,
    anchor: AnchorParams | None,
    rule: Rule,
    seed: int,
) -> dict[str, float]:
    """:func:`foreground_shift` for each of several weights of ``model``; it keeps the last ones."""
    shifts: dict[str, float] = {}
    found: dict[int, float] = {}  # criteria that chose one epoch hold one and the same state
    for name, state in states.items():
        if id(state) not in found:
            model.load_state_dict(state)
            model.eval()
            found[id(state)] = foreground_shift(model, frames, labels, anchor, rule, seed)
        shifts[name] = found[id(state)]
    return shifts
