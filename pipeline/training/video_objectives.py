"""What a segmenter learns from: the table of objectives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from pipeline.artifacts.cues import Cues
from pipeline.artifacts.edge_segments import EdgeSegments
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.training.batches import Batches
from pipeline.training.contrastive import contrastive_loss
from pipeline.training.loop import Loss
from pipeline.training.optimisation import FitParams
from pipeline.training.read_samples import FrameKey
from pipeline.training.segmenter import TrainSegmenterParams, segmenter_loss
from pipeline.training.shots import latent_loss
from pipeline.training.video_contrastive import ContrastiveBatches
from pipeline.training.video_segmenter import SegmenterBatches, adapted
from pipeline.training.video_shots import ShotBatches


@dataclass(frozen=True)
class TrainingData:
    """The training data of an objective.

    Attributes:
        frames: images and tags.
        labels: a version of the pseudo-annotations.
        cues: of the recipe.
        keys: the selected frames.
        version: name of the version; ``v0`` is the first.
    """

    frames: Frames
    labels: LabelMaps
    cues: Cues
    keys: Sequence[FrameKey]
    version: str


class Objective(NamedTuple):
    """What the training loop needs to know of an objective."""

    batches: Batches
    loss: Loss
    fit: FitParams


def proxy_labels(data: TrainingData, params: TrainSegmenterParams, seed: int) -> Objective:
    """The selected pseudo-annotations."""
    own, keys = adapted(params, data.frames, data.keys, data.version)
    batches = SegmenterBatches(data.frames, data.labels, keys, own, seed)
    return Objective(batches, segmenter_loss, own.fit)


def latent_labels(data: TrainingData, params: TrainSegmenterParams, seed: int) -> Objective:
    """Labels that are inferred anew for every batch (M-CNN); versions after v0 are fine-tuning."""
    motion = data.cues.need("motion", MotionSegments)
    batches = ShotBatches(data.frames, motion, data.keys, params, seed)
    alpha = params.objective.latent.alpha_of(data.version)
    loss = partial(latent_loss, batches.label_weights(), alpha, params.objective)
    return Objective(batches, loss, params.fit)


def relations(data: TrainingData, params: TrainSegmenterParams, seed: int) -> Objective:
    """Contrastive relations on frames with and without labels (VSCR)."""
    own = params.objective.contrastive
    batches = ContrastiveBatches(
        data.frames,
        data.labels,
        data.cues.get("edges", EdgeSegments),
        data.keys,
        params.network,
        params.augment,
        own,
        seed,
        params.fit.batch,
    )
    return Objective(batches, partial(contrastive_loss, own), params.fit)


OBJECTIVES: dict[str, Callable[[TrainingData, TrainSegmenterParams, int], Objective]] = {
    "proxy_labels": proxy_labels,
    "latent_labels": latent_labels,
    "relations": relations,
}
