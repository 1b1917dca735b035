"""HED (Xie and Tu, ICCV 2015), holistically-nested edge detection, on the layers of VGG-16."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.networks.base import Network, State, check_input
from pipeline.networks.weights import WeightsParams, load_weights

_MEANS = (104.00698793, 116.66876762, 122.67891434)  # of blue, green and red, as in Caffe
_SMALLEST = 16  # four poolings leave one position


class Hed(Network):
    """HED in the names of the widespread PyTorch version (Niklaus, pytorch-hed, 2018).

    Five side outputs, one behind each block of VGG-16 and brought to the size of the frame, and
    their learned combination. As in that version, convolutions are padded by one and side outputs
    are interpolated; the original pads the frame by 35 pixels and crops. Nothing in this project
    was measured with the published weights, which are not part of it: architecture, names and input
    were checked with generated ones.
    """

    def __init__(self) -> None:
        super().__init__()
        self.netVggOne = _block(3, 64, 2, pool=False)
        self.netVggTwo = _block(64, 128, 2)
        self.netVggThr = _block(128, 256, 3)
        self.netVggFou = _block(256, 512, 3)
        self.netVggFiv = _block(512, 512, 3)
        self.netScoreOne = nn.Conv2d(64, 1, 1)
        self.netScoreTwo = nn.Conv2d(128, 1, 1)
        self.netScoreThr = nn.Conv2d(256, 1, 1)
        self.netScoreFou = nn.Conv2d(512, 1, 1)
        self.netScoreFiv = nn.Conv2d(512, 1, 1)
        self.netCombine = nn.Sequential(nn.Conv2d(5, 1, 1), nn.Sigmoid())

    def normalise(self, x: Tensor) -> Tensor:
        """RGB 0..255 -> BGR without the mean of each channel."""
        means = torch.tensor(_MEANS, device=x.device).view(3, 1, 1)
        return x.flip(-3).float() - means

    def from_published(self, state: Mapping[str, Tensor]) -> State:
        """``module*`` of the file that its author publishes -> ``net*``."""
        return {
            f"net{k.removeprefix('module')}" if k.startswith("module") else k: v
            for k, v in state.items()
        }

    def forward(self, x: Tensor) -> Tensor:
        """Normalised ``B 3 H W`` -> probability of an edge ``B 1 H W``."""
        check_input(x, 2)
        size = x.shape[2:]
        missing = [max(_SMALLEST - side, 0) for side in size]
        if any(missing):
            x = functional.pad(x, (0, missing[1], 0, missing[0]), mode="replicate")
        scores = []
        for name in ("One", "Two", "Thr", "Fou", "Fiv"):
            x = self.get_submodule(f"netVgg{name}")(x)
            scores.append(self.get_submodule(f"netScore{name}")(x))
        padded = scores[0].shape[2:]
        sides = [functional.interpolate(s, padded, mode="bilinear") for s in scores]
        return self.netCombine(torch.cat(sides, 1))[..., : size[0], : size[1]]

    @torch.no_grad()
    def edges(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Probability of an edge ``H W`` in [0, 1] in a frame ``H W 3`` RGB."""
        device = self.netScoreOne.weight.device
        frame = torch.from_numpy(image.copy()).to(device).permute(2, 0, 1)[None]
        return self(self.normalise(frame))[0, 0].cpu().numpy().astype(np.float32)


def load_hed(weights: str, device: str) -> Hed:
    """HED with its weights, ready for inference.

    Args:
        weights: file of a state dict.
        device: as torch names it.

    Raises:
        InputError: the file is missing or of another network.
    """
    model = Hed()
    load_weights(model, WeightsParams(source="file", path=weights))
    return model.eval().to(device)


def _block(channels_in: int, channels: int, depth: int, pool: bool = True) -> nn.Sequential:
    layers: list[nn.Module] = [nn.MaxPool2d(2, 2)] if pool else []
    for i in range(depth):
        layers.append(nn.Conv2d(channels if i else channels_in, channels, 3, padding=1))
        layers.append(nn.ReLU())
    return nn.Sequential(*layers)
