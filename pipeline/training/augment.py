"""Random crops, scales, flips and hues of frames and their label maps."""

from __future__ import annotations

import math
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


def augment(
    images: Image, labels: Image | None, rng: np.random.Generator, params: AugmentParams
) -> tuple[Image, Image | None]:
    """One random crop, the same for all frames and for the label map.

    Args:
        images: T H W 3, RGB.
        labels: H W, or None.
        rng: draws scale, position, flip and hue, in this order.
        params: the ranges.

    Returns:
        Images T h w 3 and labels h w; pixels from outside the frame mirror it and are 255 (ignore)
        in the labels.
    """
    height, width = images.shape[1:3]
    out_height, out_width = params.crop or (height, width)
    scale = math.exp(rng.uniform(*np.log(params.scale)))
    slack = np.array([height * scale - out_height, width * scale - out_width])
    # a frame smaller than the crop lies anywhere inside it
    offset = rng.uniform(0, 1, 2) * slack
    mirror = params.flip and rng.random() < 0.5
    matrix = np.array([[scale, 0, -offset[1]], [0, scale, -offset[0]]])
    if mirror:
        matrix[0] = [-scale, 0, out_width - 1 + offset[1]]
    size = (out_width, out_height)
    warped = np.stack(
        [cv2.warpAffine(i, matrix, size, borderMode=cv2.BORDER_REFLECT_101) for i in images]
    )
    if params.hue > 0:
        warped = rotate_hue(warped, rng.uniform(-params.hue, params.hue) * 180)
    if labels is None:
        return warped.astype(np.uint8), None
    border: Any = {"borderMode": cv2.BORDER_CONSTANT, "borderValue": IGNORE}
    warped_labels = cv2.warpAffine(labels, matrix, size, flags=cv2.INTER_NEAREST, **border)
    return warped.astype(np.uint8), warped_labels.astype(np.uint8)


def rotate_hue(images: npt.NDArray[Any], degrees: float) -> Image:
    """Rotate the hue of RGB images (... H W 3) by ``degrees``."""
    flat = images.reshape(-1, images.shape[-2], 3).astype(np.uint8)
    hsv = cv2.cvtColor(flat, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(np.int16) + round(degrees / 2)) % 180
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB).reshape(images.shape).astype(np.uint8)


def resize_short_side(images: Image, side: int | None) -> Image:
    """Resize frames T H W 3 so that the shorter side is ``side`` pixels; None keeps them."""
    height, width = images.shape[1:3]
    if side is None or min(height, width) == side:
        return images
    factor = side / min(height, width)
    size = (round(width * factor), round(height * factor))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return np.stack([cv2.resize(i, size, interpolation=method) for i in images]).astype(np.uint8)
