"""VGG-16 (Simonyan and Zisserman 2015), fully convolutional, for classification and DeepLab."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor, nn

from pipeline.networks.base import Backbone, Layer, PooledClassifier, State, check_input
from pipeline.networks.normalisation import to_imagenet

# Channels of the 13 convolutions; "M" halves the map, "m" is the fourth pooling without stride.
_LAYOUT: tuple[int | str, ...] = (
    *(64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "m", 512, 512, 512),
)


def _vgg_features() -> nn.Sequential:
    """Convolutions at torchvision's positions, so that ``features.N.weight`` fits."""
    layers: list[nn.Module] = []
    channels_in, dilation = 3, 1
    for item in _LAYOUT:
        if item == "M":
            layers.append(nn.MaxPool2d(2, 2, ceil_mode=True))
        elif item == "m":
            # As in DeepLab: without the stride, the next block reads at twice the distance.
            layers.append(nn.MaxPool2d(3, 1, padding=1))
            dilation = 2
        else:
            channels = int(item)
            layers.append(nn.Conv2d(channels_in, channels, 3, padding=dilation, dilation=dilation))
            layers.append(nn.ReLU())
            channels_in = channels
    return nn.Sequential(*layers)


class VGG16Backbone(Backbone):
    """VGG-16 features without the fifth pooling, the last block dilated by 2; stride 8.

    Our reading of Frame-to-Frame (section 4.1: "removing ... the last pooling layer ... the last
    block with convolutions dilated with a rate of 2") and of DeepLab: the dilation stands in for
    the stride of the fourth pooling, which is dropped.
    """

    output_strides: ClassVar[tuple[int, ...]] = (8,)
    torchvision_name = "vgg16"
    channels = 512

    def __init__(self, output_stride: int = 8) -> None:
        super().__init__()
        if output_stride != 8:
            raise ValueError(f"output stride {output_stride} is not possible, only 8 is")
        self.output_stride = output_stride
        self.features = _vgg_features()

    def normalise(self, x: Tensor) -> Tensor:
        """0..255 -> ImageNet's mean 0 and standard deviation 1."""
        return to_imagenet(x)

    def from_published(self, state: Mapping[str, Tensor]) -> State:
        """``features.N.*`` -> ``backbone.features.N.*``; fully connected layers are dropped."""
        return {
            f"backbone.{k}" if k.startswith("features.") else k: v
            for k, v in state.items()
            if not k.startswith("classifier.")
        }

    def forward(self, x: Tensor) -> Tensor:
        """Normalised ``B 3 H W`` -> ``B 512 H/8 W/8``, >= 0."""
        check_input(x, 2)
        return self.features(x)


class VGG16(PooledClassifier):
    """Frame-to-Frame's multi-label classifier (sections 3.1 and 4.1).

    ``VGG16Backbone``, two 3x3 convolutions of 1024 channels with ReLU and 2D dropout, a 1x1
    convolution to K channels, GAP. The sigmoid belongs to the loss.
    """

    torchvision_name = "vgg16"
    new_layers = ("conv6.", "conv7.", "head.")
    # poolings of 2 x 2 with stride 2: positions stand in the middle of their 8 x 8 pixels
    layers: ClassVar[Mapping[str, Layer]] = {
        "relu4_3": Layer("backbone.features.22", 8, 3.5),
        "relu5_3": Layer("backbone.features.29", 8, 3.5),
        "conv6": Layer("conv6", 8, 3.5),
        "conv7": Layer("conv7", 8, 3.5),
    }

    def __init__(self, num_classes: int, dropout: float = 0.5) -> None:
        super().__init__()
        self.backbone = VGG16Backbone()
        self.conv6 = _extra_layer(self.backbone.channels, 1024, dropout)
        self.conv7 = _extra_layer(1024, 1024, dropout)
        self.head = nn.Conv2d(1024, num_classes, 1)

    @property
    def classification_layer(self) -> nn.Conv2d:
        """The 1x1 convolution ``K 1024 1 1``."""
        return self.head

    def normalise(self, x: Tensor) -> Tensor:
        """0..255 -> ImageNet's mean 0 and standard deviation 1."""
        return self.backbone.normalise(x)

    def from_published(self, state: Mapping[str, Tensor]) -> State:
        """See ``VGG16Backbone.from_published``."""
        return self.backbone.from_published(state)

    def features(self, x: Tensor) -> Tensor:
        """Normalised ``B 3 H W`` -> ``B 1024 H/8 W/8``, >= 0."""
        return self.conv7(self.conv6(self.backbone(x)))

    def score_maps(self, features: Tensor) -> Tensor:
        """``B 1024 h w`` -> ``B K h w`` logits; channel c is the CAM of class c, before ReLU."""
        return self.head(features)


def _extra_layer(channels_in: int, channels: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels, 3, padding=1), nn.ReLU(), nn.Dropout2d(dropout)
    )
