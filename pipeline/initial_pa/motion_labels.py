"""Label maps straight from motion segments: the hard assignment of M-CNN, Section 3.2."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.datasets.taxonomy import BACKGROUND, IGNORE


def hard_labels(segment: npt.NDArray[np.bool_], labels: Sequence[int]) -> npt.NDArray[np.uint8]:
    """What moves takes the video's label, what does not is background.

    "This hard assignment is limited to videos containing a single object label": with several
    labels nothing says which of them moves where, and what moves is 255 (ignore).

    Args:
        segment: motion segment, any shape.
        labels: of the video's tags, at least one.

    Returns:
        uint8 of the same shape.

    Raises:
        ValueError: no label.
    """
    if not labels:
        raise ValueError("expected a label at least, received none")
    moving = labels[0] if len(labels) == 1 else IGNORE
    return np.where(segment, moving, BACKGROUND).astype(np.uint8)
