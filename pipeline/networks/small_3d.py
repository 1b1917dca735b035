"""A small 3D network that learns motions from scratch on a CPU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from torch import Tensor, nn

from pipeline.networks.base import Layer, PooledClassifier, check_input
from pipeline.networks.normalisation import as_float


def subtract_temporal_median(clip: Tensor) -> Tensor:
    """What moves in a clip: each frame minus the median over time of its pixel and channel.

    Without this a network trained from scratch on few clips learns backgrounds and not motions.

    Args:
        clip: ``B 3 T H W``, uint8 or float in 0..255. For even T the median is the lower one of
            the two middle values, so that it is a value of the clip.

    Returns:
        ``B 3 T H W`` float in -255..255, 0 where nothing moves.
    """
    check_input(clip, 3)
    # Expanded tensors (a repeated frame) must be copied: torch's median returns wrong values there.
    median = clip.contiguous().median(dim=2, keepdim=True).values
    return as_float(clip) - as_float(median)


class Small3D(PooledClassifier):
    """Four 3D convolutions with batch norm, GAP and one linear layer.

    Maps have stride 4 in space and time: a clip of 16 x 48 x 64 gives 4 x 12 x 16 positions. The
    last two convolutions look along time only. So a position sees 7 x 7 pixels and responds to what
    moves there: with 3 x 3 x 3 throughout (23 x 23 pixels) the maps were halos around the actors.
    """

    dimensions: ClassVar[Literal[2, 3]] = 3
    new_layers = ("fc.",)
    layers: ClassVar[Mapping[str, Layer]] = {
        "conv1": Layer("conv1", 2),
        "conv2": Layer("conv2", 4, temporal_stride=2),
        "conv3": Layer("conv3", 4, temporal_stride=4),
        "conv4": Layer("conv4", 4, temporal_stride=4),
    }

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.conv1 = _conv(3, 16, (3, 3, 3), (1, 2, 2))
        self.conv2 = _conv(16, 32, (3, 3, 3), (2, 2, 2))
        self.conv3 = _conv(32, 64, (3, 1, 1), (2, 1, 1))
        self.conv4 = _conv(64, 96, (3, 1, 1), (1, 1, 1))
        self.fc = nn.Linear(96, num_classes)

    @property
    def classification_layer(self) -> nn.Linear:
        """The linear layer ``K 96``."""
        return self.fc

    def normalise(self, x: Tensor) -> Tensor:
        """Clip ``B 3 T H W`` in 0..255 -> difference from its temporal median, in [-4, 4]."""
        return subtract_temporal_median(x) / 63.75

    def features(self, x: Tensor) -> Tensor:
        """Normalised ``B 3 T H W`` -> ``B 96 T/4 H/4 W/4``, >= 0."""
        check_input(x, 3)
        return self.conv4(self.conv3(self.conv2(self.conv1(x))))


def _conv(
    channels_in: int, channels: int, kernel: tuple[int, int, int], stride: tuple[int, int, int]
) -> nn.Sequential:
    padding = (kernel[0] // 2, kernel[1] // 2, kernel[2] // 2)
    return nn.Sequential(
        nn.Conv3d(channels_in, channels, kernel, stride, padding, bias=False),
        nn.BatchNorm3d(channels),
        nn.ReLU(),
    )
