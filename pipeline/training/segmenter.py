"""Train a segmenter on selected pseudo-annotations.

Stage 2 of WS2 (Sec. 3.2, 5.2). With still images beside the videos, and with domain adaptation:
Frame-to-Frame (section 3.4). A still image is a video of one frame.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.datasets.taxonomy import IGNORE
from pipeline.networks.segmenters import SegmenterParams
from pipeline.networks.weights import WeightsParams
from pipeline.prediction.area_anchor import AnchorParams
from pipeline.prediction.latent_labels import LatentParams
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import Params
from pipeline.training.augment import AugmentParams
from pipeline.training.batches import Batch, SampledBatches
from pipeline.training.contrastive import ContrastiveParams
from pipeline.training.em_adapt import EmAdaptParams
from pipeline.training.kept import Kept
from pipeline.training.losses import batch_output, label_loss
from pipeline.training.optimisation import FitParams
from pipeline.training.samples import FrameKey, FrameMap, FrameReader

log = logging.getLogger(__name__)


class RicParams(Params):
    """Region integrity criterion on the validation split (WS2 Eq. 1-3).

    Attributes:
        weight: of RII in RIC; 0.5 in the paper.
        frames: key frames of each validation video that are looked at, spread evenly; null for all.
    """

    weight: float = Field(default=0.5, ge=0)
    frames: int | None = Field(default=None, ge=1)


class StillImagesParams(Params):
    """Still images as one part of every batch, video frames as the other.

    Attributes:
        share: of a batch that are still images; half in the paper.
    """

    share: float = Field(default=0.5, gt=0, lt=1)


class AdaptationParams(Params):
    """Domain adaptation: every version but the first learns from still images alone.

    The network that was trained on both has labelled them anew; it is tuned to these labels.

    Attributes:
        lr: factor on the learning rate in these versions.
    """

    lr: float = Field(default=0.1, gt=0, le=1)


class ObjectiveParams(Params):
    """What a segmenter learns from.

    Attributes:
        name: ``proxy_labels``: the selected pseudo-annotations; ``latent_labels``: labels that are
            inferred anew for every batch from motion segments and the network (M-CNN);
            ``relations``: contrastive relations from edges, pseudo-annotations and tags (VSCR).
        latent: of ``latent_labels``.
        em_adapt: of ``latent_labels``: labels of still images, which have no motion.
        contrastive: of ``relations``.
    """

    name: Literal["proxy_labels", "latent_labels", "relations"] = "proxy_labels"
    latent: LatentParams = LatentParams()
    em_adapt: EmAdaptParams = EmAdaptParams()
    contrastive: ContrastiveParams = ContrastiveParams()


class TrainSegmenterParams(Params):
    """A segmenter and its training.

    Attributes:
        network: which segmenter.
        weights: what the first version starts from where the recipe trains no classifier; else it
            starts from that one's backbone, and later versions go on from the one before.
        objective: which labels are learned.
        augment: random crops.
        fit: optimisation.
        ric: evaluation after every epoch.
        anchor: hold the predicted area (ours); null lets it grow.
        still_images: a fixed part of each batch; null draws every frame alike.
        adaptation: what versions after the first do; null for what the first one does.
    """

    network: SegmenterParams
    weights: WeightsParams = WeightsParams()
    objective: ObjectiveParams = ObjectiveParams()
    augment: AugmentParams = AugmentParams()
    fit: FitParams
    ric: RicParams = RicParams()
    anchor: AnchorParams | None = None
    still_images: StillImagesParams | None = None
    adaptation: AdaptationParams | None = None


def adapted(
    params: TrainSegmenterParams, frames: Frames, keys: Sequence[FrameKey], version: str
) -> tuple[TrainSegmenterParams, list[FrameKey]]:
    """Parameters and frames of a version's training: what still images and adaptation change.

    Without still images, or without videos, all of a batch is of one kind: there is one loss, and
    nothing to adapt to but the frames that there are.

    Args:
        params: of all versions.
        frames: say which videos are still images.
        keys: the selected frames.
        version: its name; ``v0`` is the first.
    """
    own, used = params, list(keys)
    stills = [key for key in keys if frames.is_still(key[0])]
    if params.adaptation is not None and version != "v0":
        fit = params.fit.model_copy(update={"lr": params.fit.lr * params.adaptation.lr})
        own, used = own.model_copy(update={"fit": fit}), stills or used
    if params.still_images is not None and len(stills) in (0, len(used)):
        what = "still images" if stills else "video frames"
        log.info("train_segmenter.still_images: %s are all that is trained on", what)
        own = own.model_copy(update={"still_images": None})
    return own, used


class SegmenterBatches(SampledBatches):
    """Random crops of frames and their pseudo-annotations.

    Every frame has the same probability; with ``still_images`` the first positions of a batch are
    drawn from these, the others from the videos.
    """

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
        self.reader = FrameReader(frames, params.augment, params.network.motion)
        self.labels = Kept(labels.labels)
        self.keys = list(keys)
        self.stills = 0  # positions of a batch
        if params.still_images is not None:
            self.stills = still_positions(params.still_images, params.fit.batch)
            self.parts = {
                still: [k for k in keys if frames.is_still(k[0]) == still]
                for still in (True, False)
            }

    def sample_at(self, position: int, rng: np.random.Generator) -> Batch:
        """A still image for the first positions, ``still`` says so; without a share of them any."""
        if not self.stills:
            return self.sample(rng)
        still = position < self.stills
        return self._crop(self.parts[still], rng) | {"still": torch.tensor(still)}

    def sample(self, rng: np.random.Generator) -> Batch:
        """``images``, ``labels`` and ``clips`` of one random crop, see :class:`FrameReader`."""
        return self._crop(self.keys, rng)

    def _crop(self, keys: Sequence[FrameKey], rng: np.random.Generator) -> Batch:
        video, frame = keys[int(rng.integers(len(keys)))]
        labels = FrameMap(self.labels(video, frame), IGNORE)
        return self.reader.read(video, frame, {"labels": labels}, rng)


def segmenter_loss(model: nn.Module, batch: Batch) -> Tensor:
    """:func:`label_loss` of the pseudo-annotations in a batch."""
    return label_loss(batch_output(model, batch).logits, batch["labels"], batch.get("still"))


def still_positions(params: StillImagesParams, batch: int) -> int:
    """How many samples of a batch are still images: at least one, and not all."""
    if batch < 2:
        raise InputError(
            "train_segmenter.still_images needs train_segmenter.fit.batch of 2 or more"
        )
    return min(max(round(params.share * batch), 1), batch - 1)
