"""How much each pixel moves on its own: against the camera, in both directions of time.

The inside-outside maps of Papazoglou and Ferrari, *Fast object segmentation in unconstrained
video*, ICCV 2013, Section 3.1; our changes are listed at the head of ``motion_segments``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field

from pipeline.cues.background_motion import (
    Homography,
    accumulate,
    dominant_motion,
    flow_of,
    unexplained,
)
from pipeline.cues.motion_boundaries import BoundaryParams, inside_of_motion
from pipeline.runtime.params import Params
from pipeline.vision.otsu import otsu_mask
from pipeline.vision.warping import Flow

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]


class OwnMotionParams(Params):
    """Motion against the camera's.

    Attributes:
        boundary: motion boundaries.
        steps: frames over which the motion of a pixel is summed up.
        least_motion: pixels over these frames below which nothing moves.
        explained: weight in [0, 1] of motion where the camera's motion explains the image.
        noise: image difference, in multiples of the usual one, from which the camera's motion no
            longer explains the image (a soft scale, not a threshold).
    """

    boundary: BoundaryParams = BoundaryParams()
    steps: int = Field(default=5, ge=1)
    least_motion: float = Field(default=0.3, ge=0)
    explained: float = Field(default=0.3, ge=0, le=1)
    noise: float = Field(default=2.0, gt=0)


class Camera(NamedTuple):
    """Camera motion of the T - 1 pairs of frames in one direction, and the flow against it.

    ``dominant``: homography of each pair; ``against``: flow against it, ``H W 2`` each.
    """

    flows: Sequence[Flow]
    dominant: Sequence[Homography]
    against: Sequence[Flow]


def against_camera(flows: Sequence[Flow]) -> Camera:
    """The camera's part of flows ``H W 2`` in one direction, and the flow against it."""
    height, width = flows[0].shape[:2]
    dominant = [dominant_motion(f) for f in flows]
    against = [f - flow_of(h, height, width) for f, h in zip(flows, dominant, strict=True)]
    return Camera(flows, dominant, against)


def own_motion(
    images: Sequence[Image], onward: Camera, back: Camera, t: int, params: OwnMotionParams
) -> npt.NDArray[np.float32]:
    """How much each pixel of frame t moves on its own, ``H W`` in [0, 1] (the inside ratio).

    Mean of two votes, what motion boundaries enclose and what moves most; less where the camera's
    motion explains the picture. The first and the last frame have one neighbour each.
    """
    count = len(images)
    speeds, insides, unlike = [], [], []
    for camera, first, step in ((onward, t, 1), (back, t - 1, -1)):
        if not 0 <= first < count - 1:
            continue
        order = range(first, count - 1) if step == 1 else range(first, -1, -1)
        path = accumulate(camera.against, camera.flows, order[: params.steps])
        speeds.append(np.linalg.norm(path, axis=-1))
        insides.append(inside_of_motion(camera.against[first], params.boundary))
        unlike.append(unexplained(images[t], images[t + step], camera.dominant[first], 1.0))
    inside = np.logical_and.reduce(insides)
    fast = _fastest(speeds, params)
    difference = np.fmin.reduce(unlike)
    usual = float(np.nanmedian(difference)) + _COLOUR_NOISE
    beyond = np.maximum(np.nan_to_num(difference, nan=0.0) / usual - 1, 0) / params.noise
    evidence = params.explained + (1 - params.explained) * (1 - np.exp(-beyond))
    return np.asarray((inside + fast) / 2 * evidence, np.float32)


_COLOUR_NOISE = 0.3  # in CIELAB: keeps a noiseless still picture from dividing by nothing


def _fastest(speeds: Sequence[npt.NDArray[np.float32]], params: OwnMotionParams) -> Floats:
    """What moves most in a frame, 0, 1/2 or 1: by Otsu of the speed, and of its square root.

    The root finds the slow parts of an object whose limbs move fast. Speeds are in pixels, a map
    ``H W`` for each direction of time.
    """
    least = np.minimum.reduce(speeds) > params.least_motion
    scaled = np.minimum.reduce(
        [s / max(float(np.sqrt(np.square(s).mean())), params.boundary.spread) for s in speeds]
    )
    votes = [otsu_mask(scaled) & least, otsu_mask(np.sqrt(scaled)) & least]
    return np.mean(votes, axis=0)
