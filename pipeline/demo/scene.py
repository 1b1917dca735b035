"""Moving pictures for the demo data set: backgrounds, motions, and the rendering of a clip."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.datasets.taxonomy import a2d_tag
from pipeline.demo import sprites
from pipeline.demo.sprite_canvas import Floats, Pen, paste, placement, random_colour

ZOOM = 2  # scenes are drawn at double size and reduced
_MARGIN = 32  # how far the camera may move, frame pixels


@dataclass(frozen=True)
class ClipSpec:
    """What a clip shows; everything else about it is drawn by chance.

    ``ids``: A2D ids, one for each actor instance, back to front. ``props``: names of the actors
    whose props stand there, back to front. ``absent``: first and one past the last frame without
    any actor.
    """

    ids: tuple[int, ...]
    props: tuple[str, ...] = ()
    absent: tuple[int, int] | None = None


@dataclass(frozen=True)
class Clip:
    """A rendered clip.

    ``frames``: T H W 3, uint8 RGB. ``masks``: T N H W bool, the visible part of each instance.
    ``labels``: T H W uint8, A2D ids, 0 background.
    """

    frames: npt.NDArray[np.uint8]
    masks: npt.NDArray[np.bool_]
    labels: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Motion:
    """State of one actor in each of T frames; positions in frame pixels, angles in radians."""

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    angle: npt.NDArray[np.float64]
    phase: npt.NDArray[np.float64]
    stretch: npt.NDArray[np.float64]
    flip: npt.NDArray[np.bool_]


def move(rng: np.random.Generator, action: str, shape: tuple[int, int, int]) -> Motion:
    """Random path of an ``action`` through ``shape`` = (frames, height, width).

    Flying: a fast sinuous path, quick wing beats. Jumping: parabolic hops, squashed on landing.
    Rolling: turns about its centre while it moves on. Running: fast and level, legs swing.
    """
    count, height, width = shape
    time = np.arange(count, dtype=np.float64)
    speed = {"flying": (2.6, 4.6), "jumping": (0.3, 1.6), "rolling": (1.2, 3.0)}
    pace = rng.uniform(*speed.get(action, (4.0, 6.5))) * width / 128
    low, high = 0.17 * width, 0.83 * width
    # A triangle wave: actors turn round near the border of the frame.
    way = (rng.uniform(0, 2 * (high - low)) + pace * time) % (2 * (high - low))
    flip = way > high - low
    x = low + np.where(flip, 2 * (high - low) - way, way)
    ground = rng.uniform(0.55, 0.8) * height
    start = rng.uniform(0, 2 * np.pi)
    still = Motion(x, np.full(count, ground), 0 * x, start + 0.3 * time, 1 + 0 * x, flip)
    if action == "flying":
        wave = 2 * np.pi * time / rng.uniform(7, 11) + start
        sway = rng.uniform(0.12, 0.2) * height
        middle = rng.uniform(0.3, 0.6) * height
        tilt = np.where(flip, -1, 1) * 0.35 * np.cos(wave)
        beat = start + 2 * np.pi * time / rng.uniform(2.6, 3.6)
        return replace(still, y=middle + sway * np.sin(wave), angle=tilt, phase=beat)
    if action == "jumping":
        hop = (time / rng.uniform(5, 8) + rng.random()) % 1
        rise = 4 * hop * (1 - hop)
        top = rng.uniform(0.22, 0.34) * height
        return replace(still, y=ground - top * rise, stretch=0.8 + 0.35 * np.sqrt(rise))
    if action == "rolling":
        spin = np.where(flip, -1, 1) * rng.uniform(0.45, 0.75)
        return replace(still, angle=start + np.cumsum(spin))
    stride = start + 2 * np.pi * time / rng.uniform(3.2, 4.5)
    return replace(still, y=ground + 1.2 * np.sin(2 * stride), phase=stride)


def _noise(rng: np.random.Generator, height: int, width: int, cell: int) -> Floats:
    """Smooth noise H W 3 of unit spread; ``cell`` pixels from one value to the next."""
    coarse = rng.normal(0, 1, (height // cell + 2, width // cell + 2, 3)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))


def background(rng: np.random.Generator, height: int, width: int, unit: float) -> Floats:
    """Two grounds that meet at a horizon, noise, and 5 to 12 clutter shapes: H W 3, 0..255.

    ``unit``: size of a sprite at scale 1.
    """
    above, below = random_colour(rng), random_colour(rng)
    x, y = np.arange(width) / width, np.arange(height)[:, None] / height
    line = rng.uniform(0.3, 0.7) + rng.uniform(-0.2, 0.2) * (x - 0.5)
    part = np.clip((y - line) * height / rng.uniform(2, 30) + 0.5, 0, 1)[..., None]
    ground = np.array(above) * (1 - part) + np.array(below) * part
    ground = ground + rng.uniform(8, 25) * _noise(rng, height, width, 40)
    ground = ground + rng.uniform(2, 9) * _noise(rng, height, width, 5)
    scene = np.clip(ground, 0, 255).astype(np.float32)
    for _ in range(int(rng.integers(5, 13))):
        _paste_clutter(rng, scene, unit * rng.uniform(0.2, 0.7))
    return scene


def _paste_clutter(rng: np.random.Generator, scene: Floats, scale: float) -> None:
    height, width = scene.shape[:2]
    where = placement(
        rng.uniform(0, width), rng.uniform(0, height), scale, rng.uniform(0, 2 * np.pi)
    )
    paste(scene, sprites.draw_clutter(rng), sprites.random_look(rng).shade, where)


def camera(rng: np.random.Generator, count: int) -> npt.NDArray[np.int64]:
    """T 2 (x, y): where the frame's corner lies in the scene, scene pixels; pan and jitter."""
    pan = rng.uniform(-0.4, 0.4, 2) * (rng.random() < 0.7) * ZOOM
    jitter = rng.normal(0, rng.uniform(0, 0.3) * ZOOM, (count, 2))
    path = pan * (np.arange(count)[:, None] - (count - 1) / 2) + jitter
    return np.clip(np.round(path).astype(np.int64), -_MARGIN * ZOOM, _MARGIN * ZOOM) + (
        _MARGIN * ZOOM
    )


@dataclass(frozen=True)
class _Mover:
    """Something that is drawn anew in each frame."""

    motion: Motion
    scale: float
    look: sprites.Look
    actor: str | None  # None: a distractor
    pen: Pen | None = None

    def paste(self, scene: Floats, t: int) -> Floats:
        m = self.motion
        pen = self.pen or sprites.ACTORS[str(self.actor)](self.look, float(m.phase[t]))
        where = placement(
            ZOOM * m.x[t], ZOOM * m.y[t], self.scale, m.angle[t], bool(m.flip[t]), m.stretch[t]
        )
        return paste(scene, pen, self.look.shade, where)


def _distractors(
    rng: np.random.Generator, shape: tuple[int, int, int], unit: float
) -> list[_Mover]:
    """0 to 2 shapes of no class that stand in the frame or drift through it."""
    count, height, width = shape
    movers = []
    for _ in range(int(rng.integers(0, 3))):
        speed = unit * rng.uniform(-3.5, 3.5, 2) * (1, 0.5) * (rng.random() < 0.5)
        start = rng.uniform(0, 1, 2) * (width, height)
        path = start + speed * (np.arange(count)[:, None] - count / 2)
        spin = rng.uniform(-0.2, 0.2) * (rng.random() < 0.3)
        turn = rng.uniform(0, 6) + spin * np.arange(count, dtype=np.float64)
        flat = np.zeros(count)
        motion = Motion(path[:, 0], path[:, 1], turn, flat, 1 + flat, flat > 0)
        look = sprites.random_look(rng)
        movers.append(
            _Mover(motion, unit * rng.uniform(0.4, 0.8), look, None, sprites.draw_clutter(rng))
        )
    return movers


def _place_prop(
    rng: np.random.Generator, scene: Floats, prop: str, centre: tuple[float, float], unit: float
) -> None:
    """Paste the prop into the still scene around ``centre`` (x, y, scene pixels)."""
    x, y = centre
    look = sprites.random_look(rng)
    where = placement(x, y, unit * rng.uniform(0.9, 1.3), flip=bool(rng.random() < 0.5))
    paste(scene, sprites.PROPS[prop](look), look.shade, where)


def render_clip(rng: np.random.Generator, shape: tuple[int, int, int], spec: ClipSpec) -> Clip:
    """Render a clip.

    Args:
        rng: the only source of chance.
        shape: frames, height, width.
        spec: what it shows; actors that come later hide earlier ones.

    Returns:
        The clip; a mask is where more than half of a pixel is covered by the actor's drawing.
    """
    count, height, width = shape
    unit = height / 96  # sprites are made for frames of 96 x 128
    still = background(rng, ZOOM * (height + 2 * _MARGIN), ZOOM * (width + 2 * _MARGIN), unit)
    corner = camera(rng, count)
    distractors = _distractors(rng, shape, unit)
    actors = []
    for number in spec.ids:
        name, action = a2d_tag(number)
        motion = move(rng, action, shape)
        look = sprites.random_look(rng)
        actors.append(_Mover(motion, unit * rng.uniform(1.0, 1.6), look, name))
    gone = range(*spec.absent) if spec.absent else range(0)
    for prop in spec.props:
        centre = ZOOM * rng.uniform(0.15, 0.85, 2) * (width, height) + corner[count // 2]
        _place_prop(rng, still, prop, (centre[0], centre[1]), unit)
    frames = np.empty((count, height, width, 3), np.uint8)
    masks = np.zeros((count, len(actors), height, width), np.bool_)
    grain = rng.uniform(2, 6)
    for t in range(count):
        x, y = corner[t]
        scene = still[y : y + ZOOM * height, x : x + ZOOM * width].copy()
        for mover in distractors:
            mover.paste(scene, t)
        for i, actor in enumerate(actors if t not in gone else []):
            alpha = cv2.resize(actor.paste(scene, t), (width, height), interpolation=cv2.INTER_AREA)
            masks[t, i] = alpha > 0.5
            masks[t, :i] &= ~masks[t, i]
        small = cv2.resize(scene, (width, height), interpolation=cv2.INTER_AREA)
        noisy = small + grain * rng.standard_normal(small.shape, np.float32)
        frames[t] = np.clip(np.round(noisy), 0, 255)
    ids = np.array(spec.ids, np.uint8)[None, :, None, None]
    return Clip(frames, masks, (masks * ids).sum(1).astype(np.uint8))
