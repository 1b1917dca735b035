"""Training on shots with latent labels: a batch is the frames of one shot (M-CNN, Section 4.2).

The labels of a batch are inferred with the network's current weights: from its output, motion
segments and colours for the frames of the shot, by EM-Adapt for still images beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.datasets.taxonomy import IGNORE
from pipeline.datasets.video import fitted_size
from pipeline.networks.inference import Decoding, margin_and_class, share_probs
from pipeline.prediction.latent_labels import Shot, infer_labels
from pipeline.training.batches import Batch
from pipeline.training.em_adapt import em_adapt_labels
from pipeline.training.losses import batch_output, label_loss
from pipeline.training.segmenter import ObjectiveParams

SEGMENT, BOUNDARY = 1, 2  # bits of a sample's motion map; 255 is padding


def latent_loss(
    weights: Tensor, alpha: float, params: ObjectiveParams, model: nn.Module, batch: Batch
) -> Tensor:
    """Weighted cross-entropy on latent labels, inferred with the network's current weights.

    Args:
        weights: K, factor on the loss of each label.
        alpha: weight of the network's answer in the labels of shots.
        params: how labels are inferred.
        model: the network.
        batch: of :class:`ShotBatches`.
    """
    logits = batch_output(model, batch).logits
    labels = latent_batch_labels(batch, logits.detach(), alpha, params)
    still = batch["still"] if bool(batch["still"].any()) else None
    return label_loss(logits, labels.to(logits.device), still, weights.to(logits.device))


def latent_batch_labels(
    batch: Mapping[str, Tensor], logits: Tensor, alpha: float, params: ObjectiveParams
) -> Tensor:
    """Labels N h w of a batch, inferred on maps whose longer side is ``params.latent.side``.

    Args:
        batch: of :class:`ShotBatches`.
        logits: N K h w, the network's answer.
        alpha: weight of this answer in the labels of shots.
        params: how labels are inferred.
    """
    full = (int(logits.shape[2]), int(logits.shape[3]))
    size = fitted_size(*full, params.latent.side)
    coarse = F.interpolate(logits.float(), size=size, mode="bilinear", align_corners=False)
    still = batch["still"].cpu().numpy()
    motion = batch["motion"].cpu().numpy().astype(np.uint8)
    found = np.zeros((len(still), *size), np.uint8)
    if not still.all():
        shot = _shot_of(batch, ~still, size)
        decoding = Decoding(params.latent.rule, shot.labels)
        answer = margin_and_class(coarse[~batch["still"]], decoding)
        probs = share_probs(*answer).cpu().numpy().astype(np.float64)
        found[~still] = infer_labels(shot, probs, alpha, params.latent)
    for i in np.flatnonzero(still):
        allowed = torch.nonzero(batch["allowed"][i]).flatten().tolist()
        scores = coarse[i].cpu().numpy().astype(np.float64)
        found[i] = em_adapt_labels(scores, allowed, params.em_adapt)
    labels = _resized(found, full, cv2.INTER_NEAREST)
    labels[motion == IGNORE] = IGNORE
    return torch.from_numpy(labels).long()


def _shot_of(
    batch: Mapping[str, Tensor], own: npt.NDArray[np.bool_], size: tuple[int, int]
) -> Shot:
    """The frames of a batch that are of the shot, at the size that labels are inferred on."""
    images = batch["images"].permute(0, 2, 3, 1).cpu().numpy()[own]
    motion = _resized(batch["motion"].cpu().numpy()[own].astype(np.uint8), size, cv2.INTER_NEAREST)
    inside = motion != IGNORE
    (first,) = np.flatnonzero(own)[:1]
    return Shot(
        _resized(images, size, cv2.INTER_AREA),
        ((motion & SEGMENT) > 0) & inside,
        ((motion & BOUNDARY) > 0) & inside,
        inside,
        torch.nonzero(batch["allowed"][first]).flatten().tolist(),
    )


def _resized(
    maps: npt.NDArray[np.uint8], size: tuple[int, int], method: int
) -> npt.NDArray[np.uint8]:
    """Maps N H W or N H W 3 at another size (height, width)."""
    rows: list[Any] = [
        cv2.resize(np.ascontiguousarray(m), size[::-1], interpolation=method) for m in maps
    ]
    return np.stack(rows).astype(np.uint8)
