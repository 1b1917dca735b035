"""Superpixels by merging along a graph (Felzenszwalb and Huttenlocher 2004), by scikit-image."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydantic import Field
from skimage.segmentation import felzenszwalb

from pipeline.runtime.params import Params


class FelzenszwalbParams(Params):
    """Efficient graph-based segmentation.

    Attributes:
        scale: larger gives fewer and larger superpixels.
        sigma: of the Gaussian before, pixels.
        min_size: smallest superpixel, pixels.
    """

    scale: float = Field(default=30.0, gt=0)
    sigma: float = Field(default=0.5, ge=0)
    min_size: int = Field(default=30, ge=1)


def felzenszwalb_superpixels(
    image: npt.NDArray[np.uint8], params: FelzenszwalbParams
) -> npt.NDArray[np.int32]:
    """Divide a frame into superpixels.

    Args:
        image: ``H W 3`` RGB, 0..255.
        params: see there.

    Returns:
        ``H W``, numbers from 0 to the number of superpixels - 1, every one of them present.

    Raises:
        ValueError: not ``H W 3``.
    """
    if image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"expected an image H W 3, received shape {image.shape}")
    found = felzenszwalb(image, params.scale, params.sigma, params.min_size, channel_axis=-1)
    _, numbers = np.unique(found, return_inverse=True)
    return numbers.reshape(found.shape).astype(np.int32)
