"""Pictures: label maps over frames, the same frames at every version side by side."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from pipeline.datasets.taxonomy import IGNORE, Taxonomy, is_foreground
from pipeline.runtime.params import Params

Image = npt.NDArray[np.uint8]


class ReportParams(Params):
    """What the picture of the evolution shows.

    Attributes:
        videos: training videos, drawn at random.
        height: of one picture, pixels.
    """

    videos: int = Field(8, ge=1)
    height: int = Field(144, ge=32)


def overlay(image: Image, labels: Image, taxonomy: Taxonomy, opacity: float = 0.5) -> Image:
    """Colour the foreground of a frame (H W 3) by its labels (H W), with a bright outline."""
    colours = np.zeros((256, 3), np.float32)
    colours[: len(taxonomy.colours)] = taxonomy.colours
    colours[IGNORE] = 128
    tinted = (1 - opacity) * image + opacity * colours[labels]
    result = np.where((labels > 0)[..., None], tinted, image).astype(np.uint8)
    foreground = is_foreground(labels).astype(np.uint8)
    contours, _ = cv2.findContours(foreground, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(result, contours, -1, (255, 255, 255), 1), np.uint8)


def sheet(
    rows: Sequence[tuple[str, Sequence[Image]]], columns: Sequence[str], height: int
) -> Image:
    """Pictures in rows and columns.

    Args:
        rows: a name and a picture (H W 3, any size) for each column.
        columns: their names.
        height: of a picture in the sheet, pixels.

    Returns:
        One picture, H W 3, on white.
    """
    scaled = [(name, [_to_height(p, height) for p in pictures]) for name, pictures in rows]
    widths = [max(pictures[c].shape[1] for _, pictures in scaled) for c in range(len(columns))]
    line, gap = 18, 4
    total_width = sum(widths) + gap * (len(columns) + 1)
    canvas = np.full((line + len(rows) * (height + line) + gap, total_width, 3), 255, np.uint8)
    left = gap
    for c, (name, width) in enumerate(zip(columns, widths, strict=True)):
        _write(canvas, name, left, line - 5)
        for r, (row_name, pictures) in enumerate(scaled):
            top = line + r * (height + line)
            picture = pictures[c]
            canvas[top : top + height, left : left + picture.shape[1]] = picture
            if c == 0:
                _write(canvas, row_name, left, top + height + line - 5)
        left += width + gap
    return canvas


def _to_height(picture: Image, height: int) -> Image:
    width = round(picture.shape[1] * height / picture.shape[0])
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)


def _write(canvas: Image, text: str, left: int, baseline: int) -> None:
    cv2.putText(
        canvas, text, (left, baseline), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA
    )
