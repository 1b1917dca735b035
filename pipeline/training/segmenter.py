"""Stage 2 of WS2: train a segmenter on selected pseudo-annotations (Sec. 3.2, 5.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.artifacts.kinds import Frames, LabelMaps
from pipeline.datasets.taxonomy import IGNORE
from pipeline.networks.segmenters import SegmenterParams
from pipeline.networks.weights import WeightsParams
from pipeline.refinement.area_anchor import AnchorParams
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import Params
from pipeline.training.augment import AugmentParams, augment
from pipeline.training.batches import Batch, Batches
from pipeline.training.optimisation import FitParams

FrameKey = tuple[str, int]  # video, frame number


class RicParams(Params):
    """Region integrity criterion on the validation split (WS2 Eq. 1-3).

    Attributes:
        weight: of RII in RIC; 0.5 in the paper.
        frames: key frames of each validation video that are looked at, spread evenly; null for all.
    """

    weight: float = Field(default=0.5, ge=0)
    frames: int | None = Field(default=None, ge=1)


class TrainSegmenterParams(Params):
    """A segmenter and its training.

    Attributes:
        network: which segmenter.
        weights: where the weights come from; null starts from the model that ``versions`` names.
        augment: random crops.
        fit: optimisation.
        ric: evaluation after every epoch.
        anchor: hold the predicted area (ours); null lets it grow.
    """

    network: SegmenterParams
    weights: WeightsParams | None = None
    augment: AugmentParams = AugmentParams()
    fit: FitParams
    ric: RicParams = RicParams()
    anchor: AnchorParams | None = None


class SegmenterBatches(Batches):
    """Random crops of frames and their pseudo-annotations, every frame with equal probability."""

    def __init__(
        self,
        frames: Frames,
        labels: LabelMaps,
        keys: Sequence[FrameKey],
        params: TrainSegmenterParams,
        seed: int,
    ) -> None:
        super().__init__(seed, params.fit.batch)
        if not keys:
            raise InputError("no pseudo-annotation is selected; nothing to train on")
        self.frames = frames
        self.labels = labels
        self.keys = list(keys)
        self.augment = params.augment

    def sample(self, rng: np.random.Generator) -> Batch:
        """``images`` 3 h w, uint8, and ``labels`` h w, of one random crop."""
        video, frame = self.keys[rng.integers(len(self.keys))]
        image = self.frames.image(video, frame)
        images, labels = augment(image[None], self.labels.labels(video, frame), rng, self.augment)
        assert labels is not None
        return {
            "images": torch.from_numpy(images[0]).permute(2, 0, 1),
            "labels": torch.from_numpy(labels).long(),
        }


def segmenter_loss(model: nn.Module, batch: Batch) -> Tensor:
    """Mean cross-entropy over the pixels that are not 255 (ignore)."""
    network: Any = getattr(model, "module", model)  # DDP wraps it
    logits = model(network.normalise(batch["images"].float()))
    if bool((batch["labels"] == IGNORE).all()):
        return logits.sum() * 0.0  # a batch of ignored pixels has no loss
    return F.cross_entropy(logits, batch["labels"], ignore_index=IGNORE)
