"""Operations on optical flow: warping, forward-backward consistency, resizing.

Flow is ``H W 2`` float32, (x, y) in pixels of the flow map: the point at p in the first frame is at
p + flow(p) in the second.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Flow = npt.NDArray[np.float32]


def warp(values: npt.NDArray[Any], flow: Flow, outside: float = 0.0) -> npt.NDArray[np.float32]:
    """Warp a map of the second frame to the first, bilinear.

    A map of frame n is carried to frame n + 1 by the *backward* flow of n + 1.

    Args:
        values: ``H W`` or ``H W C`` of the second frame, of any type (a mask gives 0..1).
        flow: ``H W 2``, from the first frame to the second.
        outside: the value where p + flow(p) lies outside the frame; a pixel reaches half a pixel
            from its centre.

    Returns:
        ``H W`` or ``H W C``: at each p the value at p + flow(p).

    Raises:
        ValueError: the sizes differ.
    """
    if values.shape[:2] != flow.shape[:2]:
        raise ValueError(
            f"expected values and flow of one size, received {values.shape} and {flow.shape}"
        )
    x, y = _targets(flow)
    source: npt.NDArray[np.float32] = np.asarray(values, np.float32)
    planes = source[..., None] if source.ndim == 2 else source
    fetched = np.empty(planes.shape, np.float32)
    for c in range(planes.shape[2]):  # OpenCV takes four channels at most
        plane = np.ascontiguousarray(planes[..., c])
        fetched[..., c] = cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    fetched[~_inside(x, y)] = outside
    return fetched.reshape(source.shape)


def consistent(forward: Flow, backward: Flow) -> npt.NDArray[np.bool_]:
    """Where forward and backward flow agree (Sundaram et al. 2010, Eq. 5).

    |f + b|^2 < 0.01 (|f|^2 + |b|^2) + 0.5, with b taken at p + f(p): elsewhere a pixel is occluded
    in the other frame, or the flow is wrong. False where f leads out of the frame.

    Args:
        forward: ``H W 2``, from the first frame to the second.
        backward: ``H W 2``, from the second to the first.

    Returns:
        ``H W``, of the first frame.

    Raises:
        ValueError: the sizes differ.
    """
    back = warp(backward, forward)
    gap = np.square(forward + back).sum(axis=-1)
    size = np.square(forward).sum(axis=-1) + np.square(back).sum(axis=-1)
    return np.asarray((gap < 0.01 * size + 0.5) & _inside(*_targets(forward)))


def at_size(flow: Flow, height: int, width: int) -> Flow:
    """Flow ``h w 2`` at another size, ``height width 2``, in pixels of that size."""
    own_height, own_width = flow.shape[:2]
    if (own_height, own_width) == (height, width):
        return flow
    smaller = height * width < own_height * own_width
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    resized = cv2.resize(flow, (width, height), interpolation=method)
    return np.asarray(resized * [width / own_width, height / own_height], np.float32)


def _targets(flow: Flow) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """x and y of p + flow(p), each ``H W``."""
    height, width = flow.shape[:2]
    x = flow[..., 0] + np.arange(width, dtype=np.float32)
    y = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    return np.asarray(x, np.float32), np.asarray(y, np.float32)


def _inside(x: npt.NDArray[np.float32], y: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    height, width = x.shape
    return np.asarray((x >= -0.5) & (x < width - 0.5) & (y >= -0.5) & (y < height - 0.5))
