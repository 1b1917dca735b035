"""Where the positions of a map lie on the frame and in the clip."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.networks.base import Layer


def cover_frame(maps: Tensor, layer: Layer, height: int, width: int) -> Tensor:
    """Maps whose positions are the middles of equal cells of the frame.

    Enlarging a map to the frame assumes this. A network's positions lie elsewhere, see
    :class:`pipeline.networks.base.Layer`: drawn as cells, a map of stride 8 would be 3.5 pixels too
    far right and too low. Linear between positions, constant outside them; cells of half a stride,
    so that hardly any detail is lost. Maps whose positions already are these middles are returned
    unchanged.

    Args:
        maps: ``... h w``.
        layer: which they come from.
        height: of the network's input, in pixels.
        width: the same.

    Returns:
        ``... h w``, or ``... 2h 2w``.
    """
    for axis, size in ((-2, height), (-1, width)):
        middles = (layer.stride - 1) / 2
        if layer.origin != middles or layer.stride * maps.shape[axis] != size:
            break
    else:
        return maps
    rows = _linear(maps.shape[-2], height, layer).to(maps)
    columns = _linear(maps.shape[-1], width, layer).to(maps)
    return rows @ maps @ columns.T


def _linear(count: int, size: int, layer: Layer) -> Tensor:
    """Weights 2n n of linear interpolation: n positions -> the middles of 2n cells."""
    cells = 2 * count
    pixels = (torch.arange(cells, dtype=torch.float64) + 0.5) * size / cells - 0.5
    places = ((pixels - layer.origin) / layer.stride).clamp(0, count - 1)
    return (1 - (places[:, None] - torch.arange(count)).abs()).clamp_min(0)


def frames_of_maps(count: int, layer: Layer) -> npt.NDArray[np.float64]:
    """Frames of the clip (0 is the first) that the ``count`` maps of a layer stand for.

    WS2, section 4, has T' maps for T frames and does not say which frames they are of; our reading
    is the same as for pixels: the middle of what a position sees.
    """
    return layer.temporal_origin + layer.temporal_stride * np.arange(count, dtype=np.float64)


def interpolate_in_time(
    maps: npt.NDArray[np.floating],
    layer: Layer,
    clip_frames: npt.NDArray[np.integer],
    frames: npt.NDArray[np.integer],
) -> npt.NDArray[np.float32]:
    """Maps for any frames of the video from the few maps of a clip.

    Linear between the two neighbouring maps in time, constant before the first and behind the
    last one.

    Args:
        maps: ``T' h w``, in order of time.
        layer: which they come from.
        clip_frames: ``T`` frame numbers of the clip in the video, not decreasing.
        frames: ``N`` frame numbers wanted.

    Returns:
        ``N h w``.

    Raises:
        ValueError: shapes do not fit, or ``clip_frames`` decreases.
    """
    if maps.ndim != 3 or clip_frames.ndim != 1 or frames.ndim != 1:
        raise ValueError(
            "expected maps T' h w, clip frames T and frames N, received "
            f"{maps.shape}, {clip_frames.shape} and {frames.shape}"
        )
    if np.any(np.diff(clip_frames) < 0):
        raise ValueError("expected clip frames in order of time, received decreasing ones")
    inside = frames_of_maps(len(maps), layer)
    times = np.interp(inside, np.arange(len(clip_frames)), clip_frames)
    place = np.interp(frames, times, np.arange(len(maps)))
    before = np.floor(place).astype(np.intp)
    after = np.minimum(before + 1, len(maps) - 1)
    share = (place - before).astype(np.float32)[:, None, None]
    values = maps.astype(np.float32)
    return (1 - share) * values[before] + share * values[after]
