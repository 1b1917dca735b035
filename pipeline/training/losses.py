"""What every training of a segmenter computes from a batch: the output, and the loss on labels."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.datasets.taxonomy import IGNORE
from pipeline.networks.base import SegmenterOutput
from pipeline.training.batches import Batch


def batch_output(model: nn.Module, batch: Batch) -> SegmenterOutput:
    """A segmenter's output for a batch's ``images``, and ``clips`` if there are any."""
    network: Any = getattr(model, "module", model)  # DDP wraps it
    vectors = network.encode_clips(batch["clips"].float()) if "clips" in batch else None
    return model(network.normalise(batch["images"].float()), vectors)


def label_loss(
    logits: Tensor, labels: Tensor, still: Tensor | None = None, weights: Tensor | None = None
) -> Tensor:
    """Mean cross-entropy over the pixels that are not 255 (ignore).

    Args:
        logits: B K H W.
        labels: B H W.
        still: B, which samples are still images: the loss is the sum of their mean and that of the
            others, L_I + L_V (Frame-to-Frame, Algorithm 1). None takes one mean of all.
        weights: K, factor on the loss of the pixels of each label (M-CNN, Sec. 4.2).
    """
    if still is None:
        return _mean_loss(logits, labels, weights)
    parts = [part for part in (still, ~still) if bool(part.any())]
    return torch.stack([_mean_loss(logits[p], labels[p], weights) for p in parts]).sum()


def _mean_loss(logits: Tensor, labels: Tensor, weights: Tensor | None) -> Tensor:
    counted = int((labels != IGNORE).sum())
    total = F.cross_entropy(logits, labels, weights, ignore_index=IGNORE, reduction="sum")
    return total / max(counted, 1)  # 0 if all pixels are ignored
