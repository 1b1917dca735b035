"""Boxes around the pixels of a mask."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Box(NamedTuple):
    """Rows ``top`` to ``bottom`` and columns ``left`` to ``right``, the ends not included."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def area(self) -> int:
        """Pixels; 0 for a box whose ends lie before its start."""
        return max(self.bottom - self.top, 0) * max(self.right - self.left, 0)

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """x1, y1, x2, y2 counted from 1, both ends inside: what A2D and VOC write."""
        return self.left + 1, self.top + 1, self.right, self.bottom


def bounding_box(mask: npt.NDArray[np.bool_]) -> Box:
    """The smallest box that holds all pixels of a mask H W.

    Raises:
        ValueError: the mask is empty.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size == 0:
        raise ValueError("expected a mask with pixels, received an empty one")
    columns = np.flatnonzero(mask[rows[0] : rows[-1] + 1].any(axis=0))
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
