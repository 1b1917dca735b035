"""I3D: Inception-v1 inflated to 3D (Carreira and Zisserman 2017), RGB stream.

Layers and parameters carry the names of the widespread PyTorch conversions (``Mixed_5c.b1b.bn...``)
so that weights trained on Kinetics-400 load as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.networks.base import Layer, PooledClassifier, check_input
from pipeline.networks.normalisation import to_symmetric

Triple = tuple[int, int, int]


def pad_same(x: Tensor, kernel: Triple, stride: Triple) -> Tensor:
    """Zero-pad ``B C T H W`` as TensorFlow's SAME: ``ceil(n / stride)`` outputs, odd one behind."""
    pads: list[int] = []
    for size, k, s in zip(x.shape[2:], kernel, stride, strict=True):
        total = max((-(-size // s) - 1) * s + k - size, 0)
        pads = [total // 2, total - total // 2, *pads]  # functional.pad counts from the last axis
    return functional.pad(x, pads) if any(pads) else x


class Unit3D(nn.Module):
    """Convolution with SAME padding, batch norm, ReLU; or a plain convolution with bias."""

    def __init__(
        self,
        channels_in: int,
        channels: int,
        kernel: Triple = (1, 1, 1),
        stride: Triple = (1, 1, 1),
        plain: bool = False,
    ) -> None:
        super().__init__()
        self.kernel, self.stride, self.plain = kernel, stride, plain
        self.conv3d = nn.Conv3d(channels_in, channels, kernel, stride, bias=plain)
        if not plain:
            # Values of the published model: epsilon 1e-3, running mean kept at 0.99.
            self.bn = nn.BatchNorm3d(channels, eps=1e-3, momentum=0.01)

    def forward(self, x: Tensor) -> Tensor:
        """``B C T H W`` -> ``B C' T/s H/s W/s``."""
        x = self.conv3d(pad_same(x, self.kernel, self.stride))
        return x if self.plain else functional.relu(self.bn(x))


class MaxPoolSame(nn.Module):
    """Max pooling with SAME padding.

    Zeros may stand in the padding because all inputs come from a ReLU and no window lies wholly
    in the padding.
    """

    def __init__(self, kernel: Triple, stride: Triple) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, x: Tensor) -> Tensor:
        """``B C T H W`` (>= 0) -> ``B C T/s H/s W/s``."""
        return functional.max_pool3d(
            pad_same(x, self.kernel, self.stride), self.kernel, self.stride
        )


class Inception(nn.Module):
    """Four parallel branches, concatenated: 1x1x1, two times 1x1x1 then 3x3x3, pool then 1x1x1.

    Args:
        channels_in: channels of the input.
        widths: channels of b0, b1a, b1b, b2a, b2b, b3b.
    """

    def __init__(self, channels_in: int, widths: tuple[int, int, int, int, int, int]) -> None:
        super().__init__()
        b0, b1a, b1b, b2a, b2b, b3b = widths
        self.b0 = Unit3D(channels_in, b0)
        self.b1a = Unit3D(channels_in, b1a)
        self.b1b = Unit3D(b1a, b1b, (3, 3, 3))
        self.b2a = Unit3D(channels_in, b2a)
        self.b2b = Unit3D(b2a, b2b, (3, 3, 3))
        self.b3a = MaxPoolSame((3, 3, 3), (1, 1, 1))
        self.b3b = Unit3D(channels_in, b3b)

    def forward(self, x: Tensor) -> Tensor:
        """``B C T H W`` -> ``B b0+b1b+b2b+b3b T H W``."""
        branches = (self.b0(x), self.b1b(self.b1a(x)), self.b2b(self.b2a(x)), self.b3b(self.b3a(x)))
        return torch.cat(branches, dim=1)


# Table 1 of Szegedy et al. 2015, inflated: name, channels in, widths of the branches.
_INCEPTIONS: dict[str, tuple[int, tuple[int, int, int, int, int, int]]] = {
    "Mixed_3b": (192, (64, 96, 128, 16, 32, 32)),
    "Mixed_3c": (256, (128, 128, 192, 32, 96, 64)),
    "Mixed_4b": (480, (192, 96, 208, 16, 48, 64)),
    "Mixed_4c": (512, (160, 112, 224, 24, 64, 64)),
    "Mixed_4d": (512, (128, 128, 256, 24, 64, 64)),
    "Mixed_4e": (512, (112, 144, 288, 32, 64, 64)),
    "Mixed_4f": (528, (256, 160, 320, 32, 128, 128)),
    "Mixed_5b": (832, (256, 160, 320, 32, 128, 128)),
    "Mixed_5c": (832, (384, 192, 384, 48, 128, 128)),
}
# Stride and origin in pixels, then in frames. SAME pads an even size by one more behind than
# before, so a strided kernel of 7 or 3 looks one step ahead, the last pooling half a step. Where
# a stride does not divide the size, the padding is another and positions are off by up to a step.
_POSITIONS: dict[str, tuple[int, float, int, float]] = {
    "Mixed_3": (8, 1 + 2 + 4, 2, 1),
    "Mixed_4": (16, 7 + 8, 4, 1 + 2),
    "Mixed_5": (32, 15 + 8, 8, 3 + 2),
}
_TRUNK = (
    *("Conv3d_1a_7x7", "MaxPool3d_2a_3x3", "Conv3d_2b_1x1", "Conv3d_2c_3x3", "MaxPool3d_3a_3x3"),
    *("Mixed_3b", "Mixed_3c", "MaxPool3d_4a_3x3"),
    *("Mixed_4b", "Mixed_4c", "Mixed_4d", "Mixed_4e", "Mixed_4f", "MaxPool3d_5a_2x2"),
    *("Mixed_5b", "Mixed_5c"),
)


class I3D(PooledClassifier):
    """I3D for clips ``B 3 T H W`` in [-1, 1] of any size; 8 frames and 32 pixels a position.

    The published network pools 2 x 7 x 7 positions with stride 1, applies the 1x1x1 convolution
    and averages its outputs over time. That is made for 224 x 224 pixels, and its pooling counts
    inner time steps twice. For any size we take the mean over all positions, which is the same for
    two time steps of 7 x 7 and gives Grad-CAM its closed form.
    """

    dimensions: ClassVar[Literal[2, 3]] = 3
    new_layers = ("logits.",)
    layers: ClassVar[Mapping[str, Layer]] = {
        name: Layer(name, *_POSITIONS[name[:7]]) for name in _INCEPTIONS
    }

    def __init__(self, num_classes: int, dropout: float = 0.5) -> None:
        super().__init__()
        self.Conv3d_1a_7x7 = Unit3D(3, 64, (7, 7, 7), (2, 2, 2))
        self.MaxPool3d_2a_3x3 = MaxPoolSame((1, 3, 3), (1, 2, 2))
        self.Conv3d_2b_1x1 = Unit3D(64, 64)
        self.Conv3d_2c_3x3 = Unit3D(64, 192, (3, 3, 3))
        self.MaxPool3d_3a_3x3 = MaxPoolSame((1, 3, 3), (1, 2, 2))
        self.MaxPool3d_4a_3x3 = MaxPoolSame((3, 3, 3), (2, 2, 2))
        self.MaxPool3d_5a_2x2 = MaxPoolSame((2, 2, 2), (2, 2, 2))
        for name, (channels_in, widths) in _INCEPTIONS.items():
            self.add_module(name, Inception(channels_in, widths))
        self.dropout = nn.Dropout(dropout)
        self.logits = Unit3D(1024, num_classes, plain=True)

    @property
    def classification_layer(self) -> nn.Conv3d:
        """The 1x1x1 convolution ``K 1024 1 1 1``."""
        return self.logits.conv3d

    def normalise(self, x: Tensor) -> Tensor:
        """0..255 -> [-1, 1]."""
        return to_symmetric(x)

    def drop(self, pooled: Tensor) -> Tensor:
        """Dropout on ``B 1024`` while training, as in the published model."""
        return self.dropout(pooled)

    def features(self, x: Tensor) -> Tensor:
        """``B 3 T H W`` in [-1, 1] -> ``B 1024 T/8 H/32 W/32`` (rounded up), >= 0."""
        check_input(x, 3)
        for name in _TRUNK:
            x = self.get_submodule(name)(x)
        return x
