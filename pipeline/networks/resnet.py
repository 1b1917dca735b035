"""ResNet-18 and ResNet-50 (He et al. 2016) as torchvision builds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from torch import Tensor, nn

from pipeline.networks.base import Backbone, Layer, PooledClassifier, State, check_input
from pipeline.networks.dilation import set_output_stride
from pipeline.networks.normalisation import to_imagenet

ResNetName = Literal["resnet18", "resnet50"]


class ResNetBackbone(Backbone):
    """torchvision's ResNet without pooling and classification layer; torchvision's names.

    torchvision itself offers dilation for bottleneck blocks only, so it is set here for both.

    Args:
        name: which ResNet.
        output_stride: 32 as published, or 16 or 8 (DeepLab-v2) with dilation.
    """

    output_strides: ClassVar[tuple[int, ...]] = (8, 16, 32)

    def __init__(self, name: ResNetName, output_stride: int = 32) -> None:
        import torchvision  # only here: it takes a second, which stages without a ResNet save

        super().__init__()
        net = getattr(torchvision.models, name)(weights=None)
        self.torchvision_name = name
        self.channels = net.fc.in_features
        self.output_stride = output_stride
        self.conv1, self.bn1, self.relu, self.maxpool = net.conv1, net.bn1, net.relu, net.maxpool
        self.layer1, self.layer2 = net.layer1, net.layer2
        self.layer3, self.layer4 = net.layer3, net.layer4
        stages = (self.layer1, self.layer2, self.layer3, self.layer4)
        set_output_stride(stages, first_stride=4, output_stride=output_stride)

    def normalise(self, x: Tensor) -> Tensor:
        """0..255 -> ImageNet's mean 0 and standard deviation 1."""
        return to_imagenet(x)

    def from_published(self, state: Mapping[str, Tensor]) -> State:
        """Rename torchvision's ``layer1.0...`` -> ``backbone.layer1.0...``; ``fc.*`` stays."""
        own = ("backbone.", "fc.", "aspp.")
        return {k if k.startswith(own) else f"backbone.{k}": v for k, v in state.items()}

    def forward(self, x: Tensor) -> Tensor:
        """Normalised ``B 3 H W`` -> ``B C h w``, >= 0; C is 512 (18) or 2048 (50)."""
        check_input(x, 2)
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))


class ResNet(PooledClassifier):
    """``ResNetBackbone`` (stride 32), GAP and one linear layer: WS2's actor classifier (5.2)."""

    new_layers = ("fc.",)
    layers: ClassVar[Mapping[str, Layer]] = {
        f"layer{i}": Layer(f"backbone.layer{i}", stride=2 ** (i + 1)) for i in (1, 2, 3, 4)
    }

    def __init__(self, name: ResNetName, num_classes: int) -> None:
        super().__init__()
        self.torchvision_name = name
        self.backbone = ResNetBackbone(name)
        self.fc = nn.Linear(self.backbone.channels, num_classes)

    @property
    def classification_layer(self) -> nn.Linear:
        """The linear layer ``K C``."""
        return self.fc

    def normalise(self, x: Tensor) -> Tensor:
        """0..255 -> ImageNet's mean 0 and standard deviation 1."""
        return self.backbone.normalise(x)

    def from_published(self, state: Mapping[str, Tensor]) -> State:
        """See ``ResNetBackbone.from_published``."""
        return self.backbone.from_published(state)

    def features(self, x: Tensor) -> Tensor:
        """Normalised ``B 3 H W`` -> ``B C H/32 W/32``, >= 0."""
        return self.backbone(x)
