"""Motion boundaries of a frame, and what lies inside of them.

Papazoglou and Ferrari, *Fast object segmentation in unconstrained video*, ICCV 2013, Section 3.1.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from pipeline.runtime.params import Params
from pipeline.vision.warping import Flow

Mask = npt.NDArray[np.bool_]
DIRECTIONS = tuple((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0))


class BoundaryParams(Params):
    """Motion boundaries, of flow in units of its own spread.

    Attributes:
        magnitude: steepness of the boundary strength in the flow's gradient.
        direction: steepness in the difference of the flow's direction.
        trust: above this strength the gradient decides alone.
        threshold: of the final strength.
        spread: least spread of the flow, pixels; below it a frame is taken to stand still.
    """

    magnitude: float = Field(default=8.0, gt=0)
    direction: float = Field(default=3.0, gt=0)
    trust: float = Field(default=0.9, ge=0, le=1)
    threshold: float = Field(default=0.5, gt=0, lt=1)
    spread: float = Field(default=0.1, gt=0)


def boundary_strength(flow: Flow, params: BoundaryParams) -> npt.NDArray[np.float32]:
    """Strength of motion boundaries in [0, 1], ``H W`` (Eq. 1 to 3).

    b_m = 1 - exp(-magnitude |grad f|) says where the flow changes, b_theta = 1 - exp(-direction
    d^2) where its direction does, d the largest angle to one of the eight neighbours (radians).
    Where b_m is above ``trust`` it stands alone; elsewhere both have to agree: b_m b_theta.
    """
    squares = [np.square(np.gradient(flow[..., c], axis=a)) for c in (0, 1) for a in (0, 1)]
    by_magnitude = 1 - np.exp(-params.magnitude * np.sqrt(sum(squares)))
    angle = np.arctan2(flow[..., 1], flow[..., 0])
    height, width = angle.shape
    padded = np.pad(angle, 1, mode="edge")
    widest = np.zeros(angle.shape)
    for dy, dx in DIRECTIONS:
        apart = np.abs(angle - padded[1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width])
        widest = np.maximum(widest, np.minimum(apart, 2 * np.pi - apart))
    by_direction = 1 - np.exp(-params.direction * widest**2)
    strength = np.where(by_magnitude > params.trust, by_magnitude, by_magnitude * by_direction)
    return np.asarray(strength, np.float32)


def inside_of_motion(flow: Flow, params: BoundaryParams) -> Mask:
    """What the motion boundaries of a frame enclose, ``H W``.

    The flow (against the dominant motion) is divided by its root mean square, so that slow and
    fast objects meet the same threshold; boundaries are widened by a pixel, to close gaps.
    """
    spread = max(float(np.sqrt(np.square(flow).sum(axis=-1).mean())), params.spread)
    strength = boundary_strength(np.asarray(flow / spread, np.float32), params)
    edges = (strength > params.threshold).astype(np.uint8)
    return inside_outside(cv2.dilate(edges, np.ones((3, 3), np.uint8)) > 0)


def inside_outside(boundary: Mask) -> Mask:
    """Pixels inside the closed curves of ``boundary`` (``H W``), by ray casting.

    From each pixel a ray goes to the border in each of eight directions; a pixel is inside a
    closed curve if the ray crosses it an odd number of times, and boundaries have gaps, so the
    majority of the rays decides. A run of boundary pixels along a ray is one crossing. All rays of
    a direction share their counts (the paper's integral intersections).
    """
    votes = np.zeros(boundary.shape, np.int32)
    for dy, dx in DIRECTIONS:
        votes += crossings(boundary, dy, dx) % 2
    return votes > len(DIRECTIONS) // 2


def crossings(boundary: Mask, dy: int, dx: int) -> npt.NDArray[np.int32]:
    """Runs of boundary pixels that the ray from each pixel meets, ``H W``.

    Args:
        boundary: ``H W``.
        dy: step of the ray along the rows: -1, 0 or 1.
        dx: step along the columns.

    Returns:
        Number of runs, the one that holds the pixel itself left out.
    """
    if dy == 0:  # along a row: turn rows into columns
        return crossings(boundary.T, dx, 0).T
    count = np.zeros(boundary.shape, np.int32)
    height, width = boundary.shape
    order = range(1, height) if dy < 0 else range(height - 2, -1, -1)
    source = slice(max(dx, 0), width + min(dx, 0))
    target = slice(max(-dx, 0), width + min(-dx, 0))
    for y in order:
        # what the next pixel of the ray meets, and that pixel itself where a run starts there
        starts = boundary[y + dy, source] & ~boundary[y, target]
        count[y, target] = count[y + dy, source] + starts
    return count
