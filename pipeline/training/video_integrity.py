"""What is computed with a segmenter on pseudo-annotated frames during and after its training.

The region integrity criterion on the validation split, and the background bias with which the
predicted foreground keeps its area. Neither looks at a human mask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor

from pipeline.artifacts.cues import Cues
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.superpixels import Superpixels
from pipeline.datasets.video import spread
from pipeline.evaluation.confusion import confusion_matrix
from pipeline.evaluation.region_integrity import integrity_scores
from pipeline.prediction.answer import Answer
from pipeline.prediction.area_anchor import (
    BackgroundBias,
    anchored_bias,
    margin_histogram,
    no_histogram,
)
from pipeline.prediction.read_evidence import Evidence
from pipeline.prediction.superpixel_refinement import refine_all
from pipeline.prediction.video_predictor import Predictor
from pipeline.runtime.errors import InputError
from pipeline.vision.superpixel_refinement import RefineParams


def validation_evidence(
    frames: Frames, labels: LabelMaps, superpixels: Superpixels, cues: Cues, count: int | None
) -> list[Evidence]:
    """The frames that RIC is computed on: ``count`` of each pseudo-annotated validation video.

    Raises:
        InputError: there is none.
    """
    validation = set(frames.of_split("val"))
    found = [
        Evidence(frames, v, spread(labels.frames(v), count), superpixels, cues)
        for v in labels.videos
        if v in validation
    ]
    if not found:
        raise InputError(
            "no validation video has a tag, so no epoch can be chosen; raise dataset.validation"
        )
    return found


def evaluate_integrity(
    predictor: Predictor,
    evidence: Sequence[Evidence],
    labels: LabelMaps,
    refine: RefineParams,
    weight: float,
) -> dict[str, float]:
    """mIoU_PA, RII and RIC (WS2 Eq. 1-3) in percent.

    The paper does not say whether validation predictions know the video's tags. Ours do, and they
    go through the recipe's corrections, calibrated on the same frames: RIC chooses the epoch that
    predicts the next pseudo-annotation, and that is predicted in the same way.

    Args:
        predictor: with the model in evaluation mode.
        evidence: of the frames of each validation video. Their margins and labels stay in memory, 5
            bytes a pixel.
        labels: the pseudo-annotations that training uses; their metadata hold the share of PA.v0.
        refine: Algorithm 2, which judges the predictions.
        weight: of RII in RIC.
    """
    answers: list[tuple[Evidence, Answer]] = []
    histogram = no_histogram()
    for own, answer, _ in predictor.uncalibrated(evidence):
        if predictor.anchor is not None:
            histogram += margin_histogram(answer.margin)
        # the logits take far more memory than margins and labels
        answers.append((own, answer if predictor.needs_logits_later else answer.without_logits()))
    if predictor.anchor is not None:
        bias = anchored_bias(histogram, predictor.anchor, float(labels.metadata["initial_share"]))
        predictor = predictor.with_bias(BackgroundBias(bias, bias))
    size = evidence[0].num_labels
    matrix_pa = np.zeros((size, size), np.int64)
    matrix_rii = np.zeros((size, size), np.int64)
    for own, answer in answers:
        initial = predictor.continue_with(answer, own).labels()
        refined = refine_all(initial, own.superpixels, refine, size)
        truth = np.stack([labels.labels(own.video, n) for n in own.numbers])
        matrix_pa += confusion_matrix(truth, refined, size)
        matrix_rii += confusion_matrix(initial, refined, size)
    scores = integrity_scores(matrix_pa, matrix_rii, weight)
    return {"ric": scores.ric, "rii": scores.rii, "miou_pa": scores.miou_pa}


def calibrate(
    predictor: Predictor,
    frames: Frames,
    labels: LabelMaps,
    superpixels: Superpixels,
    cues: Cues,
    seed: int,
) -> BackgroundBias:
    """The background bias with which predictions keep their area (ours; see ``area_anchor``).

    Args:
        predictor: with the model in evaluation mode; one without an anchor needs no bias.
        frames: images and tags.
        labels: a version of the pseudo-annotations; its metadata hold the share of PA.v0.
        superpixels: of the same frames.
        cues: of the recipe.
        seed: draws the frames that the share is measured on.
    """
    anchor = predictor.anchor
    if anchor is None:
        return BackgroundBias()
    train = set(frames.tagged("train"))
    keys = [(v, n) for v in labels.videos if v in train for n in labels.frames(v)]
    count = min(anchor.frames, len(keys))
    chosen = np.random.default_rng(seed).choice(len(keys), count, replace=False)
    of_video: dict[str, list[int]] = {}
    for video, number in (keys[index] for index in sorted(chosen.tolist())):
        of_video.setdefault(video, []).append(number)
    evidence = [Evidence(frames, v, n, superpixels, cues) for v, n in of_video.items()]
    with_tags, without_tags = no_histogram(), no_histogram()
    for _, answer, blind in predictor.uncalibrated(evidence):
        with_tags += margin_histogram(answer.margin)
        without_tags += margin_histogram(blind.margin)
    share = float(labels.metadata["initial_share"])
    return BackgroundBias(*(anchored_bias(h, anchor, share) for h in (with_tags, without_tags)))


def biases_of_states(
    predictor: Predictor,
    states: Mapping[str, dict[str, Tensor]],
    frames: Frames,
    labels: LabelMaps,
    superpixels: Superpixels,
    cues: Cues,
    seed: int,
) -> dict[str, BackgroundBias]:
    """:func:`calibrate` for several states of the model, which is left in the last one."""
    biases: dict[str, BackgroundBias] = {}
    found: dict[int, BackgroundBias] = {}  # criteria that chose the same epoch share its state
    for name, state in states.items():
        if id(state) not in found:
            predictor.model.load_state_dict(state)
            predictor.model.eval()
            found[id(state)] = calibrate(predictor, frames, labels, superpixels, cues, seed)
        biases[name] = found[id(state)]
    return biases
