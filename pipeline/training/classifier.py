"""Stage 1 of WS2: actor and action classifiers from video tags (Sec. 4, 5.2).

The actor classifier sees frames, the action classifier clips. Trained with a softmax on the videos
with one actor (one action), as in the paper, or with a sigmoid for each class on all videos.
Videos without any tag, where the data set has them, are one more class, ``nothing``: without it a
class can be learned as the absence of the others.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.networks.classifiers import ClassifierInputParams
from pipeline.networks.weights import WeightsParams
from pipeline.training.augment import AugmentParams
from pipeline.training.batches import Batch
from pipeline.training.optimisation import FitParams


class ClassifierParams(ClassifierInputParams):
    """A classifier and its training.

    Attributes:
        weights: where the weights come from at first.
        augment: random crops and colours.
        fit: optimisation.
    """

    weights: WeightsParams = WeightsParams()
    augment: AugmentParams = AugmentParams()
    fit: FitParams


def classifier_loss(kind: str, model: nn.Module, batch: Batch) -> Tensor:
    """Cross-entropy of a batch: softmax over classes, or a sigmoid for each (mean over all)."""
    network: Any = getattr(model, "module", model)  # DDP wraps it
    logits = model(network.normalise(batch["images"].float()))
    if kind == "softmax":
        return F.cross_entropy(logits, batch["target"].argmax(dim=1))
    return F.binary_cross_entropy_with_logits(logits, batch["target"])
