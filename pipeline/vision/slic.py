"""SLIC superpixels of a frame (Achanta et al. 2012), by scikit-image: computed once and stored."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydantic import Field
from skimage.segmentation import slic

from pipeline.runtime.params import Params


class SlicParams(Params):
    """Simple linear iterative clustering (Achanta et al. 2012).

    Attributes:
        segments: approximate number of superpixels in a frame.
        compactness: weight of distance against colour; larger makes squarer superpixels.
        iterations: of k-means.
    """

    segments: int = Field(default=200, gt=0)
    compactness: float = Field(default=10.0, gt=0)
    iterations: int = Field(default=5, gt=0)


def slic_superpixels(image: npt.NDArray[np.uint8], params: SlicParams) -> npt.NDArray[np.int32]:
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
    found = slic(
        image,
        n_segments=params.segments,
        compactness=params.compactness,
        max_num_iter=params.iterations,
        start_label=0,
        channel_axis=-1,
    )
    # The connectivity step may drop numbers; all that follows counts on none being missing.
    _, numbers = np.unique(found, return_inverse=True)
    return numbers.reshape(found.shape).astype(np.int32)
