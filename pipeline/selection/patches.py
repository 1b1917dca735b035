"""Geometry of cut-and-paste: squares around objects, squares of background, and their collage.

WS2, Section 3.2 and Figure 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.datasets.boxes import Box, bounding_box
from pipeline.datasets.taxonomy import BACKGROUND, IGNORE

Pixel = TypeVar("Pixel", bound=np.generic)


class Square(NamedTuple):
    """Top left corner and side in pixels; may stick out of the frame."""

    top: int
    left: int
    size: int


class Place(NamedTuple):
    """Top left corner of a square in one frame of a video."""

    frame: int
    top: int
    left: int


@dataclass(frozen=True)
class Region:
    """All pixels of one label in a frame.

    ``mask``: ``H W``. ``box``: around it.
    """

    label: int
    mask: npt.NDArray[np.bool_]
    box: Box


def regions_of(labels: npt.NDArray[np.uint8]) -> list[Region]:
    """Regions of a label map ``H W`` by ascending label; background and ignore are none."""
    present = np.flatnonzero(np.bincount(labels.ravel(), minlength=256))
    regions = []
    for label in present.tolist():
        if label not in (BACKGROUND, IGNORE):
            mask = np.asarray(labels == label)
            regions.append(Region(label, mask, bounding_box(mask)))
    return regions


def enclosing_square(mask: npt.NDArray[np.bool_]) -> Square:
    """Smallest square that encloses a mask ``H W``.

    It is centred on the mask's box, then moved into the frame as far as it fits: padding would
    give real patches a mark that pasted ones, whose background lies inside the frame, never have.
    It sticks out only where it is larger than the frame.

    Raises:
        ValueError: the mask is empty.
    """
    top, left, bottom, right = bounding_box(mask)
    size = max(bottom - top, right - left)
    return Square(
        _start(top, bottom, size, mask.shape[0]), _start(left, right, size, mask.shape[1]), size
    )


def _start(low: int, high: int, size: int, limit: int) -> int:
    """First coordinate of ``size`` pixels around [low, high), inside [0, limit) if they fit."""
    start = (low + high - size) // 2
    return min(max(start, 0), limit - size) if size <= limit else start


def crop_square(
    image: npt.NDArray[Pixel], square: Square, border: Literal["replicate", "zero"]
) -> npt.NDArray[Pixel]:
    """Cut a square out of an image or a mask.

    Args:
        image: ``H W`` or ``H W C``.
        square: where.
        border: what stands beyond the frame: its nearest pixel (images) or zero (masks).

    Returns:
        ``S S`` or ``S S C``, a copy.
    """
    height, width = image.shape[:2]
    rows = np.arange(square.top, square.top + square.size)
    columns = np.arange(square.left, square.left + square.size)
    patch = image[np.clip(rows, 0, height - 1)[:, None], np.clip(columns, 0, width - 1)[None, :]]
    if border == "zero":
        patch[(rows < 0) | (rows >= height)] = 0
        patch[:, (columns < 0) | (columns >= width)] = 0
    return patch


def background_square(
    forbidden: npt.NDArray[np.bool_], size: int, rng: np.random.Generator
) -> tuple[int, int] | None:
    """A square without any forbidden pixel, uniformly among all positions inside the frame.

    Args:
        forbidden: ``H W``, the annotated pixels.
        size: side of the square, pixels, at least 1.
        rng: source of chance; drawn from only if there is a choice to make.

    Returns:
        (top, left), or None if no position is free.

    Raises:
        ValueError: not two axes, or a size below 1.
    """
    if forbidden.ndim != 2 or size < 1:
        raise ValueError(
            f"expected a mask H W and a size of 1 or more, received shape {forbidden.shape} "
            f"and size {size}"
        )
    if size > min(forbidden.shape):
        return None
    total = cv2.integral(forbidden.astype(np.uint8))  # H+1 W+1
    inside = total[size:, size:] - total[:-size, size:] - total[size:, :-size]
    free = np.flatnonzero(inside + total[:-size, :-size] == 0)
    if free.size == 0:
        return None
    top, left = divmod(int(free[rng.integers(free.size)]), inside.shape[1])
    return top, left


def find_background_patch(
    forbidden: npt.NDArray[np.bool_], size: int, rng: np.random.Generator, prefer: int
) -> Place | None:
    """A free square in a video: in the preferred frame, or else in another, in random order.

    Args:
        forbidden: ``T H W``, the annotated pixels of each frame of the video.
        size: side of the square, pixels.
        rng: source of chance.
        prefer: frame to look at first (that of the foreground patch).

    Returns:
        Where, or None if no frame has room: the object fills the picture all the time.

    Raises:
        ValueError: not three axes, or as ``background_square``.
    """
    if forbidden.ndim != 3:
        raise ValueError(f"expected masks T H W, received shape {forbidden.shape}")
    others = rng.permutation(len(forbidden)).tolist()
    for frame in [prefer, *(other for other in others if other != prefer)]:
        corner = background_square(forbidden[frame], size, rng)
        if corner is not None:
            return Place(frame, *corner)
    return None


def cut_and_paste(
    foreground: npt.NDArray[np.uint8],
    mask: npt.NDArray[np.bool_],
    background: npt.NDArray[np.uint8],
) -> npt.NDArray[np.uint8]:
    """Paste the object of one patch on another.

    Args:
        foreground: ``S S 3``.
        mask: ``S S``, the object.
        background: ``S S 3``.

    Returns:
        ``S S 3``.

    Raises:
        ValueError: the patches are not of one size.
    """
    if not foreground.shape == background.shape == (*mask.shape, 3):
        raise ValueError(
            f"expected patches S S 3 and a mask S S, received {foreground.shape}, "
            f"{background.shape} and {mask.shape}"
        )
    return np.where(mask[..., None], foreground, background)


def cut_out(
    patch: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_], fill: npt.ArrayLike
) -> npt.NDArray[np.uint8]:
    """The object alone, for the classifier's test.

    Args:
        patch: ``S S 3``.
        mask: ``S S``, the object.
        fill: RGB of everything else, 0..255, a number or three; the mean of the classifier's
            training data is the neutral choice.

    Returns:
        ``S S 3``.

    Raises:
        ValueError: patch and mask are not of one size.
    """
    colour: npt.NDArray[Any] = np.broadcast_to(np.asarray(fill, dtype=np.uint8), patch.shape)
    return cut_and_paste(patch, mask, colour)
