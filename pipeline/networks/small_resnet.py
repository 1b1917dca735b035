"""Small residual networks that train from scratch on a CPU within a minute or two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor, nn

from pipeline.networks.base import Backbone, Layer, PooledClassifier, check_input
from pipeline.networks.dilation import set_output_stride
from pipeline.networks.normalisation import to_centred


class ResidualBlock(nn.Module):
    """Two convolutions with batch norm and a shortcut (He et al. 2016), ``B C H W``."""

    def __init__(self, channels_in: int, channels: int, stride: int, kernel: int = 3) -> None:
        super().__init__()
        around = kernel // 2
        self.conv1 = nn.Conv2d(channels_in, channels, kernel, stride, padding=around, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, kernel, padding=around, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()
        self.shortcut = nn.Sequential(
            nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """``B C H W`` -> ``B C' H/stride W/stride``, >= 0."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return self.relu(y + self.shortcut(x))


class SmallResNetBackbone(Backbone):
    """Stem 3x3 of 24 channels, stride 2; blocks of 32, 48 (stride 2), 64 (stride 2), 96 channels.

    Args:
        output_stride: 8, or 4 with the last stride replaced by dilation.
        local: the last block's convolutions are 1x1, as many of a BagNet's are (Brendel and Bethge
            2019). A position then sees 47 x 47 pixels instead of 79 x 79, too few to respond to an
            object far from it.
    """

    output_strides: ClassVar[tuple[int, ...]] = (4, 8)
    channels = 96

    def __init__(self, output_stride: int = 8, local: bool = False) -> None:
        super().__init__()
        self.output_stride = output_stride
        self.stem = nn.Sequential(
            nn.Conv2d(3, 24, 3, 2, padding=1, bias=False), nn.BatchNorm2d(24), nn.ReLU()
        )
        self.block1 = ResidualBlock(24, 32, 1)
        self.block2 = ResidualBlock(32, 48, 2)
        self.block3 = ResidualBlock(48, 64, 2)
        self.block4 = ResidualBlock(64, 96, 1, kernel=1 if local else 3)
        stages = (self.block1, self.block2, self.block3, self.block4)
        set_output_stride(stages, first_stride=2, output_stride=output_stride)

    def normalise(self, x: Tensor) -> Tensor:
        """0..255 -> [-2, 2]."""
        return to_centred(x)

    def forward(self, x: Tensor) -> Tensor:
        """``B 3 H W`` in [-2, 2] -> ``B 96 h w``, >= 0."""
        check_input(x, 2)
        return self.block4(self.block3(self.block2(self.block1(self.stem(x)))))


class SmallResNet(PooledClassifier):
    """``SmallResNetBackbone`` (stride 8; ``local`` as there), GAP and one linear layer."""

    new_layers = ("fc.",)
    layers: ClassVar[Mapping[str, Layer]] = {
        f"block{i}": Layer(f"backbone.block{i}", stride)
        for i, stride in ((1, 2), (2, 4), (3, 8), (4, 8))
    }

    def __init__(self, num_classes: int, local: bool = False) -> None:
        super().__init__()
        self.backbone = SmallResNetBackbone(local=local)
        self.fc = nn.Linear(self.backbone.channels, num_classes)

    @property
    def classification_layer(self) -> nn.Linear:
        """The linear layer ``K 96``."""
        return self.fc

    def normalise(self, x: Tensor) -> Tensor:
        """0..255 -> [-2, 2]."""
        return self.backbone.normalise(x)

    def features(self, x: Tensor) -> Tensor:
        """``B 3 H W`` in [-2, 2] -> ``B 96 H/8 W/8``, >= 0."""
        return self.backbone(x)
