"""Input ranges of the networks. All functions take raw RGB, uint8 or float in 0..255."""

from __future__ import annotations

import torch
from torch import Tensor

# Statistics of ImageNet in 0..1 that torchvision's networks were trained with.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def to_imagenet(x: Tensor) -> Tensor:
    """``B 3 ...`` in 0..255 -> ImageNet's mean 0, standard deviation 1, by channel."""
    shape = (1, 3) + (1,) * (x.ndim - 2)
    x = as_float(x)
    mean = torch.tensor(IMAGENET_MEAN, dtype=x.dtype, device=x.device).view(shape) * 255
    std = torch.tensor(IMAGENET_STD, dtype=x.dtype, device=x.device).view(shape) * 255
    return (x - mean) / std


def to_symmetric(x: Tensor) -> Tensor:
    """0..255 -> [-1, 1]."""
    return as_float(x) / 127.5 - 1


def to_centred(x: Tensor) -> Tensor:
    """0..255 -> [-2, 2], about standard deviation 1 for ordinary pictures, without statistics."""
    return as_float(x) / 63.75 - 2


def as_float(x: Tensor) -> Tensor:
    """Integers become float32, floats keep their type."""
    return x if x.is_floating_point() else x.to(torch.float32)
