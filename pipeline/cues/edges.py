"""Edge maps of frames, by the gradient of the image; those of HED come from `networks/hed.py`.

A map says for each pixel how strongly the frame changes there, in a unit that is the same for all
frames, so that a threshold means the same in every frame.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Literal

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from pipeline.runtime.params import Params

if TYPE_CHECKING:
    from pipeline.networks.hed import Hed

Image = npt.NDArray[np.uint8]
Edges = npt.NDArray[np.float32]
Method = Literal["gradient", "hed"]

_FULL = 100.0  # Lab: from black to white
_ROUNDING = 1e-3  # in these units: rounding errors between equal colours
# Mean strength of a border that a cut keeps. The published UCM code (contours2ucm) hands out
# u = (sigmoid(11.1189 x - 2.7487) - 0.0602) / (1 - 0.0602) of the mean strength x; we take VSCR's
# threshold of 0.9 (Section 4.2) to be such a u, which is x = 0.451.
_CUTS: dict[Method, float] = {"gradient": 0.1, "hed": 0.451}


class EdgeParams(Params):
    """Edges and the segments between them.

    Attributes:
        method: ``gradient`` of the image, or ``hed`` (Xie and Tu 2015) with weights from a file.
        scales: of ``gradient``: standard deviations of the Gaussians in pixels.
        weights: of ``hed``: file of a state dict.
        threshold: segments stay apart whose common border has a mean strength above this. For
            gradients it is the colour difference across the border, as a share of that between
            black and white. null takes 0.1 for ``gradient`` and 0.451 for ``hed``, which is how we
            read the paper's 0.9.
        regions: segments of a frame at most, those with the strongest borders; null: any number.
        area: smallest segment, as a share of the frame.
    """

    method: Method = "gradient"
    scales: tuple[Annotated[float, Field(gt=0)], ...] = Field(default=(1.0, 2.0, 4.0), min_length=1)
    weights: str | None = None
    threshold: float | None = Field(default=None, ge=0, lt=1)
    regions: int | None = Field(default=48, ge=1)
    area: float = Field(default=0.002, ge=0, lt=1)

    @model_validator(mode="after")
    def _weights_go_with_hed(self) -> EdgeParams:
        if (self.method == "hed") != (self.weights is not None):
            raise ValueError("weights (a file) must be given with method hed and with no other")
        return self

    @property
    def cut(self) -> float:
        """The threshold, or the default of the method."""
        return _CUTS[self.method] if self.threshold is None else self.threshold


def detect_edges(image: Image, params: EdgeParams, device: str = "cpu") -> Edges:
    """Edge strength ``H W`` in [0, 1] of a frame ``H W 3`` RGB.

    Raises:
        ValueError: not ``H W 3``.
        InputError: weights of ``hed`` that cannot be read.
    """
    if image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"expected an image H W 3, received shape {image.shape}")
    return METHODS[params.method](image, params, device)


def gradient_edges(image: Image, scales: Sequence[float]) -> Edges:
    """Edge strength by the colour gradient at several scales.

    At each scale the three channels of CIE Lab, where distances are those of perception, are
    smoothed by a Gaussian and differentiated; the gradients of the channels make a structure tensor
    (Di Zenzo, *A note on the gradient of a multi-image*, 1986), and the root of its larger
    eigenvalue is the change of colour in the direction where it changes most. It is divided by the
    response to a step of black to white, so that beside a clean straight border the strength is the
    difference of both colours at every scale, 1 for black and white; noise and thin lines fade at
    the larger ones. The map is the mean over the scales. Values are not normalised by the frame:
    its maximum and its other edges change none of them.

    Args:
        image: ``H W 3`` RGB, 0..255.
        scales: standard deviations of the Gaussians in pixels.

    Returns:
        ``H W`` in [0, 1].

    Raises:
        ValueError: no scale, or one that is not above 0.
    """
    if not scales or min(scales) <= 0:
        raise ValueError(f"expected scales above 0, received {list(scales)}")
    lab = np.asarray(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)
    strength = np.mean([_colour_gradient(lab, scale) for scale in scales], axis=0)
    strength[strength < _ROUNDING] = 0
    return np.clip(strength / _FULL, 0, 1).astype(np.float32)


def _colour_gradient(lab: npt.NDArray[np.float32], scale: float) -> Edges:
    """``H W``: larger singular value of the Jacobian of ``H W 3``, in units of a step's height."""
    radius = max(1, round(3 * scale))
    kernel = cv2.getGaussianKernel(2 * radius + 1, scale)
    # the central difference across a step, seen by a pixel beside it, of a step of height 1
    unit = float(kernel[radius, 0] + kernel[radius + 1, 0]) / 2
    smooth = cv2.sepFilter2D(lab, -1, kernel, kernel, borderType=cv2.BORDER_REPLICATE)
    difference = np.array([-0.5, 0, 0.5]) / unit
    alone = np.ones(1)
    x = cv2.sepFilter2D(smooth, -1, difference, alone, borderType=cv2.BORDER_REPLICATE)
    y = cv2.sepFilter2D(smooth, -1, alone, difference, borderType=cv2.BORDER_REPLICATE)
    xx, yy, xy = (x * x).sum(axis=2), (y * y).sum(axis=2), (x * y).sum(axis=2)
    larger = (xx + yy + np.sqrt((xx - yy) ** 2 + 4 * xy**2)) / 2
    return np.sqrt(larger)


def _gradient(image: Image, params: EdgeParams, device: str) -> Edges:
    return gradient_edges(image, params.scales)


def _hed(image: Image, params: EdgeParams, device: str) -> Edges:
    assert params.weights is not None  # the parameters require it
    return _hed_network(params.weights, device).edges(image)


@lru_cache(maxsize=1)
def _hed_network(weights: str, device: str) -> Hed:
    from pipeline.networks.hed import load_hed  # torch takes seconds, and gradients need none

    return load_hed(weights, device)


METHODS: dict[Method, Callable[[Image, EdgeParams, str], Edges]] = {
    "gradient": _gradient,
    "hed": _hed,
}
