"""Random crops, scales, flips and hues of frames and their label maps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field, PositiveFloat, PositiveInt

from pipeline.datasets.taxonomy import IGNORE
from pipeline.runtime.params import Params

Image = npt.NDArray[np.uint8]


class AugmentParams(Params):
    """Augmentation of a training sample.

    Attributes:
        crop: height and width of the sample in pixels; null takes the size of the frame.
        scale: range of the random enlargement before the crop.
        flip: mirror half of the samples.
        hue: largest rotation of the hue, as a share of the half circle; 0 keeps colours.
    """

    crop: tuple[PositiveInt, PositiveInt] | None = None
    scale: tuple[PositiveFloat, PositiveFloat] = (1.0, 1.0)
    flip: bool = True
    hue: float = Field(default=0.0, ge=0, le=1)


@dataclass(frozen=True)
class Crop:
    """One random crop: the same for a frame, for the maps that belong to it, for its whole clip.

    Attributes:
        matrix: 2 x 3, pixel of the frame -> pixel of the crop.
        height, width: of the crop in pixels.
        hue: rotation in degrees.
    """

    matrix: npt.NDArray[np.float64]
    height: int
    width: int
    hue: float

    def images(self, images: Image) -> Image:
        """T H W 3, RGB, to T h w 3; what lies outside the frame mirrors it."""
        size = (self.width, self.height)
        warped = np.stack(
            [
                cv2.warpAffine(i, self.matrix, size, borderMode=cv2.BORDER_REFLECT_101)
                for i in images
            ]
        )
        return rotate_hue(warped, self.hue) if self.hue else warped.astype(np.uint8)

    def labels(self, labels: npt.NDArray[Any], outside: int) -> npt.NDArray[Any]:
        """H W to h w, without interpolation; ``outside`` where there is no frame.

        Numbers must be below 2^24: OpenCV crops no 32-bit integers, and these go through floats.
        """
        own = labels if labels.dtype == np.uint8 else labels.astype(np.float32)
        border: Any = {"borderMode": cv2.BORDER_CONSTANT, "borderValue": outside}
        size = (self.width, self.height)
        warped = cv2.warpAffine(own, self.matrix, size, flags=cv2.INTER_NEAREST, **border)
        return warped.astype(labels.dtype)


def draw_crop(height: int, width: int, rng: np.random.Generator, params: AugmentParams) -> Crop:
    """A crop of frames of this size; ``rng`` draws scale, position, flip and hue, in this order."""
    out_height, out_width = params.crop or (height, width)
    scale = math.exp(rng.uniform(*np.log(params.scale)))
    slack = np.array([height * scale - out_height, width * scale - out_width])
    # a frame smaller than the crop lies anywhere inside it
    offset = rng.uniform(0, 1, 2) * slack
    matrix = np.array([[scale, 0, -offset[1]], [0, scale, -offset[0]]])
    if params.flip and rng.random() < 0.5:
        matrix[0] = [-scale, 0, out_width - 1 + offset[1]]
    hue = rng.uniform(-params.hue, params.hue) * 180 if params.hue > 0 else 0.0
    return Crop(matrix, out_height, out_width, hue)


def augment(
    images: Image, labels: Image | None, rng: np.random.Generator, params: AugmentParams
) -> tuple[Image, Image | None]:
    """One random crop, the same for all frames and for the label map.

    Args:
        images: T H W 3, RGB.
        labels: H W, or None.
        rng: see :func:`draw_crop`.
        params: the ranges.

    Returns:
        Images T h w 3 and labels h w; pixels from outside the frame mirror it and are 255 (ignore)
        in the labels.
    """
    crop = draw_crop(images.shape[1], images.shape[2], rng, params)
    return crop.images(images), None if labels is None else crop.labels(labels, IGNORE)


def rotate_hue(images: npt.NDArray[Any], degrees: float) -> Image:
    """Rotate the hue of RGB images (... H W 3) by ``degrees``."""
    flat = images.reshape(-1, images.shape[-2], 3).astype(np.uint8)
    hsv = cv2.cvtColor(flat, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(np.int16) + round(degrees / 2)) % 180
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB).reshape(images.shape).astype(np.uint8)
