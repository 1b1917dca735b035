"""Region similarity J of video object segmentation, and its mean over sequences.

Perazzi et al., *A benchmark dataset and evaluation methodology for video object segmentation*,
CVPR 2016, Section 5.1: the intersection over union of object and prediction in each frame, averaged
over the frames of a sequence, then over the sequences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from pipeline.datasets.taxonomy import IGNORE, is_foreground

Labels = npt.NDArray[np.uint8]


def jaccard(truth: Labels, found: Labels) -> float:
    """J of one frame in percent: foreground (any label) against background.

    Args:
        truth: labels H W; pixels of 255 (ignore) are left out.
        found: labels H W; 255 counts as background. A mask is a label map of 0 and 1.

    Returns:
        0..100; 100 where neither has foreground.

    Raises:
        ValueError: the shapes differ.
    """
    if truth.shape != found.shape:
        raise ValueError(f"expected maps of one shape, received {truth.shape} and {found.shape}")
    counted = truth != IGNORE
    true = is_foreground(truth)
    here = is_foreground(found) & counted
    union = np.count_nonzero(true | here)
    return 100 * np.count_nonzero(true & here) / union if union else 100.0


def by_sequence(frames: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Mean J of each sequence, from J of its frames; a sequence without frames is left out."""
    return {video: float(np.mean(values)) for video, values in frames.items() if values}


def mean_jaccard(frames: Mapping[str, Sequence[float]]) -> float:
    """Mean over the sequences of their mean J, in percent; NaN without a sequence."""
    own = by_sequence(frames)
    return float(np.mean(list(own.values()))) if own else float("nan")
