"""CorLoc: the share of frames whose object is found by a box (M-CNN, Sections 4.1 and 4.5).

A box is right if its intersection with a true box is more than half of their union.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.datasets.boxes import Box, bounding_box
from pipeline.datasets.taxonomy import BACKGROUND, IGNORE


def largest_box(mask: npt.NDArray[np.bool_]) -> Box | None:
    """Box around the largest connected component of a mask H W (corners touch), None if empty."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if len(stats) < 2:  # the background alone
        return None
    left, top, width, height, _ = (int(v) for v in stats[1 + stats[1:, -1].argmax()])
    return Box(top, left, top + height, left + width)


def true_boxes(labels: npt.NDArray[np.uint8]) -> list[Box]:
    """The box around each label of a human mask H W: its object, in however many parts."""
    present = np.setdiff1d(labels, [BACKGROUND, IGNORE]).tolist()
    return [bounding_box(np.asarray(labels == label)) for label in present]


def box_iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, 0..1."""
    common = Box(
        max(a.top, b.top), max(a.left, b.left), min(a.bottom, b.bottom), min(a.right, b.right)
    ).area
    union = a.area + b.area - common
    return common / union if union else 0.0


def corloc(frames: Iterable[tuple[Box | None, Sequence[Box]]]) -> float:
    """CorLoc in percent; each frame is given by the box found in it, or None, and its true boxes.

    Frames without a true box do not count; NaN if none is left.
    """
    right = [
        found is not None and any(box_iou(found, box) > 0.5 for box in true)
        for found, true in frames
        if true
    ]
    return 100 * float(np.mean(right)) if right else float("nan")
