"""Settings and loss of a segmenter that learns from pseudo-annotations (WS2, Sec. 3.2, 5.2)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import Tensor, nn

from pipeline.networks.segmenters import SegmenterParams
from pipeline.networks.weights import WeightsParams
from pipeline.prediction.latent_labels import LatentParams
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import Params
from pipeline.training.augment import AugmentParams
from pipeline.training.batches import Batch
from pipeline.training.contrastive import ContrastiveParams
from pipeline.training.em_adapt import EmAdaptParams
from pipeline.training.losses import batch_output, label_loss
from pipeline.training.optimisation import FitParams


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

    Their labels are predicted by the network trained on both, which is then fine-tuned on them.

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
        weights: initial weights of the first version where the recipe trains no classifier; else it
            starts from the classifier's backbone. Later versions start from the one before.
        objective: which labels are learned.
        augment: random crops.
        fit: optimisation.
        ric: evaluation after every epoch.
        still_images: a fixed part of each batch; null draws all frames with equal probability.
        adaptation: how versions after the first are trained; null trains them like the first one.
    """

    network: SegmenterParams
    weights: WeightsParams = WeightsParams()
    objective: ObjectiveParams = ObjectiveParams()
    augment: AugmentParams = AugmentParams()
    fit: FitParams
    ric: RicParams = RicParams()
    still_images: StillImagesParams | None = None
    adaptation: AdaptationParams | None = None

    def needed_cues(self) -> dict[str, str]:
        """The cues that the objective learns from, each with what asks for it."""
        own = self.objective
        if own.name == "latent_labels":
            return {"motion": "the objective latent_labels"}
        if own.name == "relations" and own.contrastive.relations.weight.edge > 0:
            return {"edges": "the edge relation (objective.contrastive.relations.weight.edge)"}
        return {}


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
