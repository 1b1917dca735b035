"""Scores of one annotated region that need no ground truth: higher should mean better.

The tests of WS2 (Section 3.2) answer yes or no; these rank. All lie in [0, 1] and look at one
region ``mask`` (``H W``, not empty) of one frame. The classifier's probability of the tagged actor
for the cut-out is one more such score; it is computed in `recognition.py`.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.datasets.boxes import bounding_box
from pipeline.vision.superpixel_refinement import RefineParams, refine_mask

_STEPS = 6  # of each colour channel
_STEP_OF_VALUE = (np.arange(256) * _STEPS // 256).astype(np.uint8)


def colour_contrast(
    image: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_], ring: int = 6
) -> float:
    """How different the colours inside a region are from those just outside it.

    Total variation distance, half the sum of absolute differences, between the histograms of 216
    colours (6 x 6 x 6 RGB) of the region and of the ring around it.

    Args:
        image: ``H W 3`` RGB.
        mask: ``H W``, the region.
        ring: width of the ring, pixels; the pixels within this (Euclidean) distance of the region.

    Returns:
        0 (same colours) to 1 (no colour in common); 0 for a region that fills the frame.

    Raises:
        ValueError: the shapes do not fit, or the mask is empty.
    """
    if image.shape != (*mask.shape, 3):
        raise ValueError(
            f"expected an image H W 3 and its mask H W, received {image.shape} and {mask.shape}"
        )
    top, left, bottom, right = bounding_box(mask)
    rows = slice(max(top - ring, 0), bottom + ring)
    columns = slice(max(left - ring, 0), right + ring)
    inside = mask[rows, columns].astype(np.uint8)
    away = np.arange(-ring, ring + 1)
    disc = (away[:, None] ** 2 + away**2 <= ring**2).astype(np.uint8)
    around = (cv2.dilate(inside, disc) > 0) & (inside == 0)
    if not around.any():
        return 0.0
    step = _STEP_OF_VALUE[image[rows, columns]]
    colour = (step[..., 0] * _STEPS + step[..., 1]) * _STEPS + step[..., 2]  # at most 215: uint8
    return 0.5 * float(np.abs(_shares(colour[inside > 0]) - _shares(colour[around])).sum())


def _shares(colour: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    return np.bincount(colour, minlength=_STEPS**3) / colour.size


def cam_agreement(mask: npt.NDArray[np.bool_], attention: npt.NDArray[np.floating[Any]]) -> float:
    """Soft IoU of a region with the attention map of its tag: sum of minima / sum of maxima.

    Args:
        mask: ``H W``, the region.
        attention: ``H W`` in [0, 1]: the mean of the actor's and the action's map (the actor's
            alone for objects).

    Returns:
        0 to 1; 0 where both are empty.

    Raises:
        ValueError: the shapes differ.
    """
    return _soft_iou(mask, attention)


def motion_agreement(
    mask: npt.NDArray[np.bool_], speed: npt.NDArray[np.floating[Any]], least: float = 1.0
) -> float:
    """Soft IoU of a region with what moves on its own (ours).

    Actors move, objects beside them do not, however typical they are of the class.

    Args:
        mask: ``H W``, the region.
        speed: ``H W``, pixels, see :func:`pipeline.cues.background_motion.speed_against_camera`.
        least: the speed that counts as 1 in a frame where nothing is faster; in all others the
            fastest pixel counts as 1.

    Returns:
        0 (nothing in the region moves) to 1 (all of it does, and nothing else).

    Raises:
        ValueError: the shapes differ.
    """
    return _soft_iou(mask, speed / max(float(speed.max()), least))


def _soft_iou(mask: npt.NDArray[np.bool_], soft: npt.NDArray[np.floating[Any]]) -> float:
    if mask.shape != soft.shape:
        raise ValueError(
            f"expected mask and map of one shape, received {mask.shape} and {soft.shape}"
        )
    total = float(soft.sum(dtype=np.float64))
    common = float(soft[mask].sum(dtype=np.float64))  # min(1, map) inside, 0 outside
    union = float(np.count_nonzero(mask)) + total - common  # 1 inside, the map outside
    return common / union if union > 0 else 0.0


def rii_score(
    initial: npt.NDArray[np.bool_], superpixels: npt.NDArray[np.int32], params: RefineParams
) -> float:
    """Region integrity of one region: IoU of its mask before and after refinement (WS2, Eq. 2).

    Args:
        initial: ``H W``, the mask *before* refinement (M_init or the raw prediction). A mask that
            is already a union of these superpixels scores 1 whatever it shows.
        superpixels: ``H W``.
        params: Algorithm 2.

    Returns:
        0 (refinement drops it) to 1 (refinement changes nothing); 0 for an empty mask.

    Raises:
        ValueError: the shapes differ.
    """
    refined = refine_mask(initial, superpixels, params.alpha, params.beta, params.overlap)
    return _iou(initial, refined)


def flow_agreement(mask: npt.NDArray[np.bool_], warped: npt.NDArray[np.bool_]) -> float:
    """Mean IoU of a region with the same label's regions of neighbouring frames.

    Args:
        mask: ``H W``, the region.
        warped: ``N H W``, the neighbours' masks, moved into this frame along the optical flow.

    Returns:
        0 to 1; NaN without neighbours ("not measured": `rank_average` leaves it out).

    Raises:
        ValueError: the shapes do not fit.
    """
    if warped.ndim != 3 or warped.shape[1:] != mask.shape:
        raise ValueError(
            f"expected a mask H W and warped masks N H W, received {mask.shape} and {warped.shape}"
        )
    if len(warped) == 0:
        return float("nan")
    return float(np.mean([_iou(mask, neighbour) for neighbour in warped]))


def _iou(a: npt.NDArray[np.bool_], b: npt.NDArray[np.bool_]) -> float:
    union = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / union if union else 0.0
