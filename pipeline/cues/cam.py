"""Class activation maps (Zhou et al. 2016) over scales and flips of a frame.

Frame-to-Frame, sections 3.1 and 3.3.1: in a fully convolutional classifier that ends in global
average pooling, channel c of the last map is the CAM of class c; a classifier that pools first and
weighs afterwards is the same function. Axes: ``B`` frames, ``C`` channels, ``K`` classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.cues.positions import cover_frame
from pipeline.networks.base import Classifier
from pipeline.runtime.errors import InputError


class CamAnswer(NamedTuple):
    """What a classifier says about frames.

    Attributes:
        maps: ``B K h w``, >= 0, not normalised.
        logits: ``B K``, of the frame at its own size, not flipped.
    """

    maps: Tensor
    logits: Tensor


def cam(features: Tensor, class_weights: Tensor) -> Tensor:
    """ReLU of the channels, weighted by the row of each class.

    The bias of the class is left out: it says how frequent the class is, not where. Unlike
    Grad-CAM, this does not shrink with the number of positions, so that maps of one frame at
    several scales can be compared.

    Args:
        features: ``B C h w``, of the last layer.
        class_weights: ``K C``, of the linear layer or of the 1x1 convolution.

    Returns:
        Maps ``B K h w``, >= 0.

    Raises:
        ValueError: the shapes do not fit.
    """
    fits = features.ndim == 4 and class_weights.ndim == 2
    if not fits or class_weights.shape[1] != features.shape[1]:
        raise ValueError(
            "expected features B C h w and class weights K C, received "
            f"{tuple(features.shape)} and {tuple(class_weights.shape)}"
        )
    return torch.einsum("kc,bchw->bkhw", class_weights, features).relu()


@torch.no_grad()
def multi_scale_cam(
    model: Classifier, x: Tensor, scales: Sequence[float] = (1.0,), flip: bool = False
) -> CamAnswer:
    """CAM of every class: pixelwise maximum over scaled and flipped copies (section 3.3.1).

    Each copy's map is brought back: mirrored if the copy was, and enlarged to the size of the
    largest map, bilinear, so that no scale loses detail.

    Args:
        model: in evaluation mode; pooling and one linear layer behind its last map.
        x: normalised ``B 3 H W``.
        scales: factors on height and width of the frame, at least one.
        flip: whether each copy is looked at mirrored, too.

    Raises:
        ValueError: the model is in training mode (dropout and batch norm would change the maps).
        InputError: the model does not end in pooling and one linear layer.
    """
    if model.training:
        raise ValueError("expected a model in evaluation mode, received one in training mode")
    weights = model.class_weights
    if weights is None:
        raise InputError(
            f"method cam needs a network that ends in pooling and one linear layer, and "
            f"{type(model).__name__} does not; choose grad_cam"
        )
    found: list[Tensor] = []
    logits: Tensor | None = None
    for scale in sorted(scales, reverse=True):
        copy = _resized(x, scale)
        for mirrored in (False, True) if flip else (False,):
            features = model.features(copy.flip(-1) if mirrored else copy)
            if scale == 1 and not mirrored:
                logits = model.logits_from(features)
            maps = cover_frame(cam(features, weights), model.layer(), *copy.shape[-2:])
            maps = maps.flip(-1) if mirrored else maps
            if found and maps.shape != found[0].shape:
                size = found[0].shape[-2:]
                maps = F.interpolate(maps, size=size, mode="bilinear", align_corners=False)
            found.append(maps)
    if logits is None:
        logits = model.logits_from(model.features(x))
    return CamAnswer(torch.stack(found).amax(dim=0), logits)


def _resized(x: Tensor, scale: float) -> Tensor:
    if scale == 1:
        return x
    height, width = (max(round(side * scale), 1) for side in x.shape[-2:])
    return F.interpolate(
        x, size=(height, width), mode="bilinear", align_corners=False, antialias=True
    )
