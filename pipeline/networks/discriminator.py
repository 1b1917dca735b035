"""The small network that tells original patches from cut-and-paste patches (WS2, section 5.2)."""

from __future__ import annotations

from torch import Tensor, nn

from pipeline.networks.base import Network, check_input
from pipeline.networks.normalisation import to_symmetric

_SLOPE = 0.2


class Discriminator(Network):
    """Five Conv-LeakyReLU layers (3x3, stride 2), GAP, one logit: positive means original.

    The paper gives the number and kind of the layers only; kernel, strides and widths are ours.

    Args:
        width: channels of the first layer; the others have 2, 4, 8 and 8 times as many.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels_in = 3
        for factor in (1, 2, 4, 8, 8):
            conv = nn.Conv2d(channels_in, factor * width, 3, stride=2, padding=1)
            # Without batch norm the default initialisation would shrink the signal layer by layer.
            nn.init.kaiming_normal_(conv.weight, a=_SLOPE, nonlinearity="leaky_relu")
            nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
            layers += [conv, nn.LeakyReLU(_SLOPE)]
            channels_in = factor * width
        self.layers = nn.Sequential(*layers)
        self.fc = nn.Linear(channels_in, 1)

    def normalise(self, x: Tensor) -> Tensor:
        """0..255 -> [-1, 1]."""
        return to_symmetric(x)

    def forward(self, x: Tensor) -> Tensor:
        """Square patches ``B 3 S S`` in [-1, 1] -> logits ``B``; ValueError if not square."""
        check_input(x, 2)
        if x.shape[2] != x.shape[3]:
            raise ValueError(f"expected square patches B 3 S S, received shape {tuple(x.shape)}")
        return self.fc(self.layers(x).mean((2, 3))).squeeze(1)
