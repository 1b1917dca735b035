"""DeepLab-v2 (Chen et al. 2018): dilated backbone and atrous spatial pyramid pooling."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.networks.base import Backbone, Segmenter, SegmenterOutput

# Rates of DeepLab-v2's ASPP-L.
RATES = (6, 12, 18, 24)


class ASPP(nn.Module):
    """Atrous spatial pyramid pooling: the SUM of parallel 3x3 convolutions with different rates.

    Args:
        channels_in: channels of the backbone.
        num_classes: channels of the output.
        rates: dilation of each branch, in positions of the map.
    """

    def __init__(self, channels_in: int, num_classes: int, rates: Sequence[int] = RATES) -> None:
        super().__init__()
        branches = [
            nn.Conv2d(channels_in, num_classes, 3, padding=rate, dilation=rate) for rate in rates
        ]
        for branch in branches:
            # As published: small random weights, no bias, so that all classes start about equal.
            nn.init.normal_(branch.weight, std=0.01)
            nn.init.zeros_(branch.bias)  # type: ignore[arg-type]
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        """``B C h w`` -> ``B K h w``."""
        return torch.stack([branch(x) for branch in self.branches]).sum(0)


class DeepLab(Segmenter):
    """Backbone, ASPP, bilinear enlargement to the size of the input."""

    new_layers = ("aspp.",)

    def __init__(self, backbone: Backbone, num_classes: int, rates: Sequence[int] = RATES) -> None:
        super().__init__()
        self.torchvision_name = backbone.torchvision_name
        self.num_classes = num_classes
        self.backbone = backbone
        self.aspp = ASPP(backbone.channels, num_classes, rates)

    def coarse_logits(self, x: Tensor, vectors: Tensor | None = None) -> Tensor:
        """Normalised ``B 3 H W`` -> logits ``B K h w`` at the stride of the backbone."""
        return self.aspp(self.backbone(x))

    def forward(self, x: Tensor, vectors: Tensor | None = None) -> SegmenterOutput:
        """Normalised ``B 3 H W`` -> logits ``B K H W``."""
        logits = self.coarse_logits(x)
        full = functional.interpolate(
            logits, size=x.shape[2:], mode="bilinear", align_corners=False
        )
        return SegmenterOutput(full)
