"""Canvas on which the sprites of the demo data set are drawn, and how it gets into a scene.

Everything is drawn on a small square canvas at double size and pasted into a scene by an affine
map; the scene is reduced to the frame's size afterwards, which gives smooth edges.
"""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Colour = tuple[int, int, int]
Point = tuple[float, float]

CANVAS = 136  # pixels a side; the origin of a drawing is its centre, y points down
_SHIFT = 4  # OpenCV draws with 1/16 pixel


def random_colour(rng: np.random.Generator) -> Colour:
    """One colour (RGB, 0..255) of any hue, neither black nor white."""
    hue, saturation, value = rng.random(), rng.uniform(0.25, 0.95), rng.uniform(0.3, 0.95)
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(255 * red), round(255 * green), round(255 * blue)


class Pen:
    """A square canvas: ``colour`` H W 3 (0..255) and ``alpha`` H W (0..255)."""

    def __init__(self, ground: Colour) -> None:
        # The ground shows through smoothed edges: take the colour of the sprite's main part.
        self.colour: Image = np.full((CANVAS, CANVAS, 3), ground, np.uint8)
        self.alpha: Image = np.zeros((CANVAS, CANVAS), np.uint8)

    def polygon(self, points: Sequence[Point], colour: Colour, detail: bool = False) -> None:
        """Fill a polygon; a ``detail`` colours only and leaves the outline as it is."""
        fixed = np.round((np.array(points) + CANVAS / 2) * (1 << _SHIFT)).astype(np.int32)
        cv2.fillPoly(self.colour, [fixed], colour, cv2.LINE_AA, _SHIFT)
        if not detail:
            cv2.fillPoly(self.alpha, [fixed], (255,), cv2.LINE_AA, _SHIFT)

    def ellipse(
        self,
        centre: Point,
        axes: Point,
        colour: Colour,
        angle: float = 0.0,
        detail: bool = False,
    ) -> None:
        """Fill an ellipse with half ``axes``, turned by ``angle`` (radians)."""
        turn = np.linspace(0, 2 * np.pi, 28, endpoint=False)
        x, y = axes[0] * np.cos(turn), axes[1] * np.sin(turn)
        cos, sin = np.cos(angle), np.sin(angle)
        points = zip(centre[0] + cos * x - sin * y, centre[1] + sin * x + cos * y, strict=True)
        self.polygon(list(points), colour, detail)

    def bar(
        self, start: Point, end: Point, width: float, colour: Colour, detail: bool = False
    ) -> None:
        """Fill a bar of ``width`` from ``start`` to ``end``."""
        along = np.array(end) - np.array(start)
        across = np.array((-along[1], along[0])) * (width / 2 / max(float(np.hypot(*along)), 1e-6))
        a, b = np.array(start), np.array(end)
        corners = (a + across, b + across, b - across, a - across)
        self.polygon([(float(x), float(y)) for x, y in corners], colour, detail)


def paste(scene: Floats, pen: Pen, shade: Floats, matrix: npt.NDArray[np.float64]) -> Floats:
    """Blend a sprite into ``scene`` (H W 3, 0..255) in place.

    Args:
        scene: what lies behind.
        pen: the sprite.
        shade: factor of the sprite's colours, CANVAS x CANVAS x 1.
        matrix: 2 x 3, canvas to scene (pixels, x before y).

    Returns:
        The sprite's alpha in the scene, H W, 0..1.
    """
    height, width = scene.shape[:2]
    full = np.zeros((height, width), np.float32)
    corners = np.array([[0, 0, 1], [CANVAS, 0, 1], [0, CANVAS, 1], [CANVAS, CANVAS, 1]], float)
    reach = corners @ matrix.T
    left, top = np.clip(np.floor(reach.min(0)).astype(int), 0, (width, height))
    right, bottom = np.clip(np.ceil(reach.max(0)).astype(int) + 1, 0, (width, height))
    if right <= left or bottom <= top:
        return full
    local = matrix.copy()
    local[:, 2] -= (left, top)
    size = (int(right - left), int(bottom - top))
    alpha = cv2.warpAffine(pen.alpha, local, size).astype(np.float32) / 255
    shaded = np.clip(pen.colour * shade, 0, 255)
    colour = cv2.warpAffine(shaded, local, size, borderMode=cv2.BORDER_REPLICATE)
    window = scene[top:bottom, left:right]
    window += alpha[..., None] * (colour - window)
    full[top:bottom, left:right] = alpha
    return full


def placement(
    x: float,
    y: float,
    scale: float = 1.0,
    angle: float = 0.0,
    flip: bool = False,
    stretch: float = 1.0,
) -> npt.NDArray[np.float64]:
    """2 x 3 map that puts a canvas's centre at (x, y): stretch, flip, turn (radians), scale."""
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, -sin], [sin, cos]])
    linear = scale * turn @ np.diag([(-1.0 if flip else 1.0) / stretch, stretch])
    offset = np.array([x, y]) - linear @ np.array([CANVAS / 2, CANVAS / 2])
    return np.column_stack([linear, offset])
