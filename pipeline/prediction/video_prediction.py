"""A video through a segmenter and all that follows its answer, to label maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.maps import Maps
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.artifacts.superpixels import Superpixels
from pipeline.datasets.taxonomy import BACKGROUND
from pipeline.networks.base import Segmenter
from pipeline.networks.inference import Segmentation
from pipeline.networks.video_inference import segment_video, video_tag_probs
from pipeline.prediction.action_prior import action_maps, add_action_maps
from pipeline.prediction.latent_labels import LatentParams, Shot, infer_labels
from pipeline.prediction.params import PredictionParams, finish_prediction
from pipeline.prediction.tag_anchor import anchor_tags

Labels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]


class Known(NamedTuple):
    """What is known of some frames of a tagged video beside what they show.

    Attributes:
        labels: A, of its tags.
        actions: the tags' action maps T A H W in [0, 1], for the action prior; None for none.
        before: the pseudo-annotations T H W of the version before, for the tag anchor; None for
            none.
    """

    labels: Sequence[int]
    actions: npt.NDArray[np.float32] | None = None
    before: Labels | None = None


class PredictedLabels(NamedTuple):
    """Label maps T H W: as the network gives them, and what is made of them."""

    initial: Labels
    labels: Labels


def read_known(
    frames: Frames,
    actions: Maps,
    before: LabelMaps,
    video: str,
    numbers: Sequence[int],
    params: PredictionParams,
) -> Known:
    """What is known of some frames of a tagged video, as far as ``params`` ask for it.

    Args:
        frames: holds the video and its tags.
        actions: action maps; without the video where its data set has no actions.
        before: the version before of the pseudo-annotations.
        video: its id.
        numbers: of the frames, in order.
        params: action prior, tag anchor.
    """
    labels = frames.taxonomy.labels(frames.tags(video))
    return Known(
        labels,
        action_maps(actions, frames, video, numbers, labels) if params.action_prior else None,
        np.stack([before.labels(video, n) for n in numbers]) if params.tag_anchor else None,
    )


def with_what_is_known(
    answer: Segmentation, known: Known, params: PredictionParams
) -> Segmentation:
    """A segmenter's answer after the action prior and then the tag anchor.

    Args:
        answer: among the labels of the tags, with their logits where there are several labels and
            ``params`` need them.
        known: of the same frames.
        params: the weight of the prior.
    """
    if known.actions is not None:
        answer = add_action_maps(answer, known.labels, known.actions, params.action_prior)
    if known.before is not None and len(known.labels) > 1:
        answer = anchor_tags(answer, known.labels, known.before)
    return answer


def predict_video(
    model: Segmenter,
    shifts: Floats,
    frames: Frames,
    superpixels: Superpixels,
    video: str,
    numbers: Sequence[int],
    params: PredictionParams,
    known: Known | None = None,
) -> PredictedLabels:
    """Label maps of some frames of a video.

    Args:
        model: in evaluation mode.
        shifts: K, of its background logit where a pixel has each label.
        frames: holds the video.
        superpixels: of these frames.
        video: its id.
        numbers: of the frames, in order.
        params: rule, action prior, tag anchor, refinement, alignment.
        known: of these frames; None leaves the network alone, among all labels.
    """
    allowed = None if known is None else known.labels
    keep = known is not None and len(known.labels) > 1 and params.needs_logits
    answer = segment_video(model, frames, video, numbers, allowed, params.rule, keep)
    if known is not None:
        answer = with_what_is_known(answer, known, params)
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
