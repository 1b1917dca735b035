"""RAFT (Teed and Deng, ECCV 2020), optical flow by recurrence; torchvision's large model."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional
from torchvision.models.optical_flow import raft_large

from pipeline.networks.base import Network, State
from pipeline.networks.weights import WeightsParams, load_weights

_STRIDE = 8  # of the feature maps
_SMALLEST = 128  # sixteen positions, which the four levels of its correlation pyramid need


class Raft(Network):
    """RAFT with 12 updates, in the names of torchvision's ``raft_large``."""

    torchvision_name = "raft_large"

    def __init__(self) -> None:
        super().__init__()
        self.raft = raft_large(weights=None, progress=False)

    def normalise(self, x: Tensor) -> Tensor:
        """0..255 -> -1..1."""
        return x.float() / 127.5 - 1

    def from_published(self, state: Mapping[str, Tensor]) -> State:
        """Torchvision's names stand below ``raft.`` here."""
        return {k if k.startswith("raft.") else f"raft.{k}": v for k, v in state.items()}

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Flow ``B 2 H W`` (x, y; pixels) from ``first`` to ``second``, normalised ``B 3 H W``.

        Frames are padded by their border to what the network takes, in equal parts on both sides.
        """
        height, width = first.shape[2:]
        top, bottom = _padding(height)
        left, right = _padding(width)
        sides = (left, right, top, bottom)
        padded = [functional.pad(x, sides, mode="replicate") for x in (first, second)]
        flow: Tensor = self.raft(*padded)[-1]
        return flow[..., top : top + height, left : left + width]

    @torch.no_grad()
    def flow(
        self, first: npt.NDArray[np.uint8], second: npt.NDArray[np.uint8]
    ) -> npt.NDArray[np.float32]:
        """Flow ``H W 2`` from ``first`` to ``second``, both ``H W 3`` RGB."""
        device = next(self.parameters()).device
        pair = [
            self.normalise(torch.from_numpy(x.copy()).to(device).permute(2, 0, 1)[None])
            for x in (first, second)
        ]
        return self(*pair)[0].permute(1, 2, 0).cpu().numpy().astype(np.float32)


def load_raft(weights: str | None, device: str) -> Raft:
    """RAFT with its weights, ready for inference.

    Args:
        weights: file of a state dict; None downloads torchvision's weights.
        device: as torch names it.

    Raises:
        InputError: the file is missing or of another network, or torchvision cannot be reached.
    """
    model = Raft()
    source = WeightsParams(source="torchvision" if weights is None else "file", path=weights)
    load_weights(model, source)
    return model.eval().to(device)


def _padding(size: int) -> tuple[int, int]:
    """Pixels before and after, to the next multiple of the stride that is large enough."""
    missing = max(-(-size // _STRIDE) * _STRIDE, _SMALLEST) - size
    return missing // 2, missing - missing // 2
