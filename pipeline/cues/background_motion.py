"""Camera motion: the dominant motion of a frame, the flow against it, and the image difference.

The background is assumed to move by a homography, as a plane does, or all that a rotating camera
sees.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.vision.warping import Flow, warp

Image = npt.NDArray[np.uint8]
Homography = npt.NDArray[np.float64]
Map = npt.NDArray[np.float32]

_GRID = 8  # pixels between the points that vote for the dominant motion
_INLIER = 0.5  # largest error, in pixels, of a point that agrees with it


def dominant_motion(flow: Flow) -> Homography:
    """Homography ``3 3`` of most of the flow ``H W 2``, by RANSAC over a grid of points.

    The identity where no homography fits, or the map is too small for a grid.
    """
    height, width = flow.shape[:2]
    y, x = (a.ravel() for a in np.mgrid[_GRID // 2 : height : _GRID, _GRID // 2 : width : _GRID])
    points = np.stack([x, y], axis=1).astype(np.float32)
    if len(points) < 4:
        return np.eye(3)
    cv2.setRNGSeed(0)  # RANSAC draws from the global generator
    found, _ = cv2.findHomography(points, points + flow[y, x], cv2.RANSAC, _INLIER)
    if found is None or abs(np.linalg.det(found)) < 1e-6:
        return np.eye(3)
    return np.asarray(found, np.float64)


def flow_of(homography: Homography, height: int, width: int) -> Flow:
    """The flow ``height width 2`` that a homography makes."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    points = np.stack([x, y], axis=-1).reshape(1, -1, 2)
    moved = cv2.perspectiveTransform(points, homography)
    return np.asarray((moved - points).reshape(height, width, 2), np.float32)


def speed_against_camera(flows: Sequence[Flow]) -> Map:
    """Speed of each pixel against the camera, ``H W`` in pixels.

    Against the dominant motion, and the minimum over the flows: what looks fast towards only one
    neighbouring frame is occluded there.

    Args:
        flows: ``H W 2``, from the same frame to other ones, at least one.
    """
    height, width = flows[0].shape[:2]
    against = [f - flow_of(dominant_motion(f), height, width) for f in flows]
    return np.minimum.reduce([np.linalg.norm(a, axis=-1) for a in against]).astype(np.float32)


def accumulate(values: Sequence[Flow], flows: Sequence[Flow], order: Sequence[int]) -> Flow:
    """Sum of flow-like maps along the path of each pixel, ``H W 2``.

    Over some frames a slow object moves far enough to be told from noise.

    Args:
        values: by pair of frames the map that is summed, e.g. flow against the dominant motion.
        flows: by pair of frames the flow along which pixels are followed.
        order: the pairs that a pixel passes, at least one. A pixel that leaves the frame keeps the
            sum it has.
    """
    total = values[order[0]].copy()
    path = flows[order[0]].copy()
    for pair in order[1:]:
        total += warp(values[pair], path)
        path += warp(flows[pair], path)
    return total


def unexplained(image: Image, other: Image, homography: Homography, sigma: float) -> Map:
    """How badly the dominant motion explains a frame, ``H W`` >= 0; NaN where it leaves the frame.

    Distance in CIELAB between each pixel and the one that the dominant motion puts in its place.
    Flow bleeds from an object into plain surroundings, where any motion fits; this does not.

    Args:
        image: ``H W 3`` RGB.
        other: a neighbouring frame.
        homography: dominant motion from ``image`` to ``other``.
        sigma: of the smoothing before and after, pixels.
    """
    height, width = image.shape[:2]
    here, there = (_smooth_lab(x, sigma) for x in (image, other))
    moved = flow_of(homography, height, width)
    distance = np.linalg.norm(warp(there, moved, outside=np.nan) - here, axis=-1)
    known = np.isfinite(distance)
    weight = cv2.GaussianBlur(known.astype(np.float32), (0, 0), sigma)
    smooth = cv2.GaussianBlur(np.where(known, distance, 0).astype(np.float32), (0, 0), sigma)
    return np.where(known, smooth / np.maximum(weight, 1e-6), np.nan).astype(np.float32)


def _smooth_lab(image: Image, sigma: float) -> Map:
    """CIELAB, lightness 0..100, of an RGB image."""
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return np.asarray(cv2.GaussianBlur(lab, (0, 0), sigma), np.float32)
