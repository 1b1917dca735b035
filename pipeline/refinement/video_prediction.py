"""A video through a segmenter and all that follows its answer, to label maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.artifacts.superpixels import Superpixels
from pipeline.datasets.taxonomy import BACKGROUND
from pipeline.networks.base import Segmenter
from pipeline.networks.video_inference import segment_video, video_tag_probs
from pipeline.refinement.latent_labels import LatentParams, Shot, infer_labels
from pipeline.refinement.prediction import PredictionParams, finish_prediction
from pipeline.refinement.tag_anchor import anchor_tags

Labels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]


class PredictedLabels(NamedTuple):
    """Label maps T H W: as the network gives them, and what is made of them."""

    initial: Labels
    labels: Labels


def predict_video(
    model: Segmenter,
    shifts: Floats,
    frames: Frames,
    superpixels: Superpixels,
    video: str,
    numbers: Sequence[int],
    allowed: Sequence[int] | None,
    params: PredictionParams,
    before: Labels | None = None,
) -> PredictedLabels:
    """Label maps of some frames of a video.

    Args:
        model: in evaluation mode.
        shifts: K, of its background logit where a pixel has each label.
        frames: holds the video.
        superpixels: of these frames.
        video: its id.
        numbers: of the frames, in order.
        allowed: labels the prediction may take; None allows all.
        params: rule, refinement, alignment.
        before: the pseudo-annotations T H W of these frames in the version before, for the tag
            anchor; None where there are none.
    """
    anchored = params.tag_anchor and before is not None and allowed is not None and len(allowed) > 1
    answer = segment_video(model, frames, video, numbers, allowed, params.rule, anchored)
    if anchored:
        assert before is not None and allowed is not None
        answer = anchor_tags(answer, allowed, before)
    initial = answer.label_map(shifts)
    regions = [superpixels.superpixels(video, n) for n in numbers]
    return PredictedLabels(initial, finish_prediction(initial, regions, params, frames.taxonomy))


def infer_video(
    model: Segmenter,
    shifts: Floats,
    frames: Frames,
    motion: MotionSegments,
    video: str,
    numbers: Sequence[int],
    labels: Sequence[int],
    alpha: float,
    params: LatentParams,
) -> PredictedLabels:
    """Label maps of some frames that agree with the network, with motion and with colours.

    M-CNN Eq. 2 at the size of the frames, which count as one shot. Frames without any motion keep
    the network's answer: they have no colours to compare.

    Args:
        model: in evaluation mode.
        shifts: K, of its background logit where a pixel has each label.
        frames: holds the video.
        motion: holds its motion segments.
        video: its id.
        numbers: of the frames, in order.
        labels: of the video's tags, at least one.
        alpha: weight of the network's answer.
        params: how it is read, and the rest of the energy.
    """
    segments = np.stack([motion.segment(video, n) for n in numbers])
    probs = video_tag_probs(model, shifts, frames, video, numbers, labels, params.rule)
    best = np.array(labels, np.uint8)[probs[:, 1:].argmax(axis=1)]
    initial = np.where(probs[:, 0] < 0.5, best, np.uint8(BACKGROUND))
    if not segments.any():
        return PredictedLabels(initial, initial)
    shot = Shot(
        frames.images(video, list(numbers)),
        segments,
        np.stack([motion.boundary(video, n) for n in numbers]),
        np.ones(segments.shape, bool),
        labels,
    )
    final = infer_labels(shot, probs.astype(np.float64), alpha, params)
    return PredictedLabels(initial, final)
