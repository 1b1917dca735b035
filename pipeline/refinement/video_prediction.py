"""A video through a segmenter and all that follows its answer, to label maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.superpixels import Superpixels
from pipeline.networks.base import Segmenter
from pipeline.networks.video_inference import segment_video
from pipeline.refinement.prediction import PredictionParams, finish_prediction

Labels = npt.NDArray[np.uint8]


class PredictedLabels(NamedTuple):
    """Label maps T H W: as the network gives them, and refined and aligned."""

    initial: Labels
    labels: Labels


def predict_video(
    model: Segmenter,
    shift: float,
    frames: Frames,
    superpixels: Superpixels,
    video: str,
    numbers: Sequence[int],
    allowed: Sequence[int] | None,
    params: PredictionParams,
) -> PredictedLabels:
    """Label maps of some frames of a video.

    Args:
        model: in evaluation mode.
        shift: of its background logit.
        frames: holds the video.
        superpixels: of these frames.
        video: its id.
        numbers: of the frames, in order.
        allowed: labels the prediction may take; None allows all.
        params: rule, refinement, alignment.
    """
    answer = segment_video(model, frames, video, numbers, allowed, params.rule)
    initial = answer.label_map(shift)
    regions = [superpixels.superpixels(video, n) for n in numbers]
    return PredictedLabels(initial, finish_prediction(initial, regions, params, frames.taxonomy))
