"""Background by low saliency, and the ignore label where nothing is sure (Frame-to-Frame, 3.4)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from pipeline.cues.saliency import SaliencyParams
from pipeline.datasets.taxonomy import BACKGROUND, IGNORE
from pipeline.runtime.params import Params


class BackgroundParams(Params):
    """What is background.

    Attributes:
        threshold: theta_b: pixels whose saliency is below this.
        saliency: where that comes from.
    """

    threshold: float = Field(default=0.12, ge=0, le=1)
    saliency: SaliencyParams = SaliencyParams()


def mark_background(
    labels: npt.NDArray[np.uint8], saliency: npt.NDArray[np.floating[Any]], threshold: float
) -> npt.NDArray[np.uint8]:
    """Keep the labels of salient pixels and the background of the others, ignore the rest.

    Args:
        labels: ``H W``, foreground labels by the attention maps, 0 elsewhere.
        saliency: ``H W`` in [0, 1].
        threshold: theta_b.

    Returns:
        Labels ``H W``: the label where there is one and the saliency is not below ``threshold``; 0
        where there is none and it is; 255 for the rest, conflicts of both included (the paper does
        not say what becomes of these).

    Raises:
        ValueError: the shapes differ.
    """
    if labels.shape != saliency.shape:
        raise ValueError(
            f"expected labels and saliency of one shape, received {labels.shape} and "
            f"{saliency.shape}"
        )
    sure_background = saliency < threshold
    sure = (labels == BACKGROUND) == sure_background
    return np.where(sure, labels, IGNORE).astype(np.uint8)
