"""Clips: which frames of a video a network that looks at motion sees, and how large."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from pipeline.runtime.params import Params

Images = npt.NDArray[np.uint8]


class ClipParams(Params):
    """Clips of ``frames`` frames, every ``step``-th of the stored ones."""

    frames: int = Field(ge=1)
    step: int = Field(1, ge=1)


class ClipInput(Params):
    """What a network sees of a clip.

    Attributes:
        clip: which frames.
        side: shorter side in pixels; null keeps the stored size.
    """

    clip: ClipParams
    side: int | None = Field(default=None, ge=16)


def clip_frames(count: int, clip: ClipParams, start: int) -> list[int]:
    """Positions of a clip's frames among ``count`` stored ones; the last one repeats at the end."""
    return [min(start + i * clip.step, count - 1) for i in range(clip.frames)]


def clip_starts(count: int, clip: ClipParams) -> list[int]:
    """Starts of clips that cover ``count`` frames without overlap, the last one pulled back."""
    length = clip.frames * clip.step
    if count <= length:
        return [0]
    return [*range(0, count - length, length), count - length]


def clip_around(count: int, clip: ClipParams, position: int) -> int:
    """Start of the clip in whose middle a frame lies; pulled inside at both ends of the video."""
    length = clip.frames * clip.step
    return min(max(position - length // 2, 0), max(count - length, 0))


def resize_short_side(images: Images, side: int | None) -> Images:
    """Resize frames T H W 3 so that the shorter side is ``side`` pixels; None keeps them."""
    height, width = images.shape[1:3]
    if side is None or min(height, width) == side:
        return images
    factor = side / min(height, width)
    size = (round(width * factor), round(height * factor))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return np.stack([cv2.resize(i, size, interpolation=method) for i in images]).astype(np.uint8)
