"""Attention maps of the key frames of a video, from frame and from clip classifiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.cues.grad_cam import (
    Method,
    class_maps,
    interpolate_maps_in_time,
    normalise_maps,
)
from pipeline.networks.base import Classifier
from pipeline.networks.inference import clip_tensor, device_of, frames_tensor
from pipeline.runtime.params import Params

MapStack = npt.NDArray[np.float32]


class CamParams(Params):
    """Grad-CAM of one classifier.

    Attributes:
        method: ``grad_cam`` or ``grad_cam++``.
        layer: a named layer of the network; null is the last one.
    """

    method: Method = "grad_cam"
    layer: str | None = None


def frame_maps(
    model: Classifier,
    images: npt.NDArray[np.uint8],
    classes: Sequence[int],
    params: CamParams,
    batch: int = 8,
) -> MapStack:
    """Maps of each frame by a frame classifier (2D Grad-CAM).

    Args:
        model: in evaluation mode.
        images: T H W 3, RGB.
        classes: numbers of the classes, at least one.
        params: method and layer.
        batch: frames at a time.

    Returns:
        T C h w, each map scaled to [0, 1] by its maximum.
    """
    device = device_of(model)
    parts = []
    for start in range(0, len(images), batch):
        x = model.normalise(frames_tensor(images[start : start + batch], device))
        maps = class_maps(model, x, classes, params.method, params.layer)
        parts.append(normalise_maps(maps).float().cpu().numpy())
    return np.concatenate(parts)


def clip_maps(
    model: Classifier,
    clips: Sequence[tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]],
    frames: npt.NDArray[np.int64],
    classes: Sequence[int],
    params: CamParams,
) -> MapStack:
    """Maps of wanted frames by a clip classifier (3D Grad-CAM, WS2 Eq. 4 and 5).

    Args:
        model: in evaluation mode.
        clips: of each clip the images T H W 3 and their frame numbers T, in order of time.
        frames: N, the frames wanted. Each takes its maps from the clip whose middle is nearest.
        classes: numbers of the classes, at least one.
        params: method and layer.

    Returns:
        N C h w, scaled to [0, 1] by the maximum over all maps of a clip and class, so that a frame
        without the action stays dark beside one with it.
    """
    middles = np.array([(numbers[0] + numbers[-1]) / 2 for _, numbers in clips])
    nearest = np.abs(frames[:, None] - middles[None]).argmin(axis=1)
    result: dict[int, MapStack] = {}
    for index, (images, numbers) in enumerate(clips):
        wanted = frames[nearest == index]
        if len(wanted) == 0:
            continue
        x = model.normalise(clip_tensor(images, device_of(model)))
        maps = class_maps(model, x, classes, params.method, params.layer)[0]  # C T' h w
        scaled = normalise_maps(maps, axes=3).float().cpu().numpy()
        in_time = np.stack([interpolate_maps_in_time(m, numbers, wanted) for m in scaled], axis=1)
        result |= dict(zip(wanted.tolist(), in_time, strict=True))
    return np.stack([result[n] for n in frames.tolist()])


def at_full_size(
    maps: Sequence[npt.NDArray[np.floating[Any]]], height: int, width: int
) -> MapStack:
    """Maps h w of any resolution to C H W in [0, 1]: bilinear, each scaled by its maximum."""
    full = np.zeros((len(maps), height, width), np.float32)
    for row, small in zip(full, maps, strict=True):
        row[:] = cv2.resize(
            np.asarray(small, np.float32), (width, height), interpolation=cv2.INTER_LINEAR
        )
        peak = float(row.max())
        if peak > 0:
            row /= peak
    return full
