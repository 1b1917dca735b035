"""Drawings of the demo data set: four articulated actors, their props, and clutter of no class.

Colours are random for every sprite, so that an actor can be told by its shape and pattern only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.demo.sprite_canvas import CANVAS, Colour, Floats, Pen, random_colour


@dataclass(frozen=True)
class Look:
    """What stays the same about a sprite through a clip."""

    colours: tuple[Colour, Colour, Colour]
    spots: npt.NDArray[np.float64]  # 5 x 2, -1..1
    shade: Floats  # CANVAS x CANVAS x 1, a factor near 1


def random_look(rng: np.random.Generator) -> Look:
    """Three colours of random hue, places of spots, and a fine shading."""
    coarse = rng.normal(1.0, 0.16, (CANVAS // 4, CANVAS // 4)).astype(np.float32)
    shade = cv2.resize(coarse, (CANVAS, CANVAS), interpolation=cv2.INTER_LINEAR)
    colours = random_colour(rng), random_colour(rng), random_colour(rng)
    return Look(colours, rng.uniform(-1, 1, (5, 2)), np.asarray(shade, np.float32)[..., None])


def draw_ball(look: Look, phase: float) -> Pen:
    """Beach ball: six sectors of two colours and a hub."""
    del phase
    first, second, hub = look.colours
    pen = Pen(first)
    pen.ellipse((0, 0), (32, 32), first)
    for sector in range(3):
        turn = 2 * np.pi * sector / 3 + np.linspace(0, np.pi / 3, 7)
        rim = [(float(32 * np.cos(t)), float(32 * np.sin(t))) for t in turn]
        pen.polygon([(0.0, 0.0), *rim], second, detail=True)
    pen.ellipse((0, 0), (10, 10), hub, detail=True)
    pen.ellipse((18, 0), (4, 4), hub, detail=True)
    return pen


def draw_bird(look: Look, phase: float) -> Pen:
    """Bird: striped body, forked tail, beak, one beating wing (``phase`` in radians)."""
    body, wing, beak = look.colours
    lift = float(np.sin(phase))
    pen = Pen(body)
    pen.polygon([(-20, -4), (-54, -14), (-44, 0), (-54, 12), (-18, 8)], wing)
    pen.polygon([(36, -22), (54, -14), (36, -9)], beak)
    pen.ellipse((0, 0), (32, 18), body, -0.15)
    pen.ellipse((28, -15), (14, 13), body)
    for x in (-16, -6, 4, 14):
        pen.bar((x, 4), (x - 3, 15), 4, beak, detail=True)
    pen.polygon(
        [(-14, -4), (-30, -8 - 40 * lift), (-12, -6 - 50 * lift), (16, -6)],
        wing,
    )
    pen.bar((-16, -8 - 30 * lift), (4, -5), 4, beak, detail=True)
    pen.ellipse((32, -18), (3.5, 3.5), (10, 10, 10), detail=True)
    return pen


def draw_car(look: Look, phase: float) -> Pen:
    """Car: body with a band, cabin with two windows, two spoked wheels turned by ``phase``."""
    body, glass, band = look.colours
    pen = Pen(body)
    pen.polygon([(-28, -8), (-18, -30), (16, -30), (30, -8)], body)
    pen.polygon([(-48, 14), (-48, -4), (-42, -10), (34, -10), (48, -2), (48, 14)], body)
    pen.polygon([(-21, -9), (-14, -25), (-3, -25), (-3, -9)], glass, detail=True)
    pen.polygon([(3, -9), (3, -25), (13, -25), (22, -9)], glass, detail=True)
    pen.bar((-48, 2), (48, 2), 6, band, detail=True)
    for x in (-27, 27):
        pen.ellipse((x, 15), (13, 13), (25, 25, 28))
        pen.ellipse((x, 15), (7, 7), band, detail=True)
        for turn in (phase, phase + np.pi / 2):
            dx, dy = 7 * float(np.cos(turn)), 7 * float(np.sin(turn))
            pen.bar((x - dx, 15 - dy), (x + dx, 15 + dy), 2.5, (25, 25, 28), detail=True)
    return pen


def draw_dog(look: Look, phase: float) -> Pen:
    """Dog: spotted body, head with snout and ear, tail, four legs that swing with ``phase``."""
    coat, patch, ear = look.colours
    pen = Pen(coat)
    swing = 13 * float(np.sin(phase))
    for x, side in ((-22, 1.0), (22, -1.0)):
        pen.bar((x, 4), (x - side * swing, 38), 8, patch)
        pen.bar((x + 5, 4), (x + 5 + side * swing, 38), 8, coat)
    pen.bar((-28, -4), (-52, -24 + 5 * float(np.sin(2 * phase))), 7, coat)
    pen.ellipse((0, 0), (34, 15), coat)
    for u, v in look.spots:
        pen.ellipse((24 * u, 8 * v), (7, 5), patch, detail=True)
    pen.bar((24, -4), (36, -20), 15, coat)
    pen.ellipse((38, -22), (14, 12), coat)
    pen.polygon([(44, -28), (60, -20), (58, -12), (42, -12)], coat)
    pen.ellipse((58, -18), (4, 4), (10, 10, 10), detail=True)
    pen.polygon([(28, -32), (38, -30), (32, -6), (24, -10)], ear)
    pen.ellipse((43, -24), (3, 3), (10, 10, 10), detail=True)
    return pen


def draw_goal(look: Look) -> Pen:
    """Goal: a frame with a net."""
    frame, net, _ = look.colours
    pen = Pen(net)
    for x in range(-48, 49, 16):
        pen.bar((x, -36), (x, 40), 3, net)
    for y in range(-28, 40, 14):
        pen.bar((-50, y), (50, y), 3, net)
    pen.bar((-52, -38), (-52, 42), 8, frame)
    pen.bar((52, -38), (52, 42), 8, frame)
    pen.bar((-56, -38), (56, -38), 8, frame)
    return pen


def draw_tree(look: Look) -> Pen:
    """Tree: a trunk with forks and a crown of leaves."""
    trunk, crown, leaf = look.colours
    pen = Pen(crown)
    pen.bar((0, 62), (0, 0), 14, trunk)
    for x, y, radius in ((-22, -8, 24), (22, -8, 24), (0, -32, 28), (0, -6, 24)):
        pen.ellipse((x, y), (radius, radius), crown)
    for x, y in ((-30, -6), (-12, -20), (8, -40), (26, -12), (2, 0), (-8, -46), (14, -22)):
        pen.ellipse((x, y), (7, 4), leaf, 0.6, detail=True)
    return pen


def draw_cone(look: Look) -> Pen:
    """Traffic cone: a triangle with two bands on a plate."""
    cone, band, plate = look.colours
    pen = Pen(cone)
    pen.polygon([(-6, -54), (6, -54), (32, 46), (-32, 46)], cone)
    pen.polygon([(-13, -24), (13, -24), (18, -6), (-18, -6)], band, detail=True)
    pen.polygon([(-22, 8), (22, 8), (27, 26), (-27, 26)], band, detail=True)
    pen.bar((-46, 50), (46, 50), 12, plate)
    return pen


def draw_kennel(look: Look) -> Pen:
    """Kennel: planked walls, a roof and a dark arched door."""
    wall, roof, plank = look.colours
    pen = Pen(wall)
    pen.polygon([(-42, 54), (-42, -10), (42, -10), (42, 54)], wall)
    for y in (2, 16, 30, 44):
        pen.bar((-42, y), (42, y), 3, plank, detail=True)
    pen.polygon([(-54, -6), (0, -54), (54, -6), (46, 2), (0, -40), (-46, 2)], roof)
    pen.polygon([(-38, -8), (0, -42), (38, -8)], wall)
    pen.ellipse((0, 22), (18, 18), (20, 18, 18), detail=True)
    pen.polygon([(-18, 22), (18, 22), (18, 54), (-18, 54)], (20, 18, 18), detail=True)
    return pen


ACTORS: dict[str, Callable[[Look, float], Pen]] = {
    "ball": draw_ball,
    "bird": draw_bird,
    "car": draw_car,
    "dog": draw_dog,
}
PROPS: dict[str, Callable[[Look], Pen]] = {
    "ball": draw_goal,
    "bird": draw_tree,
    "car": draw_cone,
    "dog": draw_kennel,
}


def draw_clutter(rng: np.random.Generator) -> Pen:
    """A shape of no class: polygon, ellipse, star or bars, plain, striped or spotted."""
    first, second = random_colour(rng), random_colour(rng)
    pen = Pen(first)
    kind = rng.integers(4)
    if kind == 0:
        pen.ellipse((0, 0), (rng.uniform(16, 44), rng.uniform(16, 44)), first)
    elif kind == 1:
        for x in np.arange(-40, 41, rng.uniform(16, 40)):
            pen.bar((float(x), -40), (float(x) + rng.uniform(-12, 12), 40), 9, first)
        pen.bar((-44, 0), (44, rng.uniform(-20, 20)), 9, second)
    else:
        corners = int(rng.integers(3, 7)) if kind == 2 else 10
        radii = rng.uniform(26, 48, corners)
        if kind == 3:
            radii[::2] *= rng.uniform(0.35, 0.7)
        turn = 2 * np.pi * (np.arange(corners) + rng.uniform(-0.2, 0.2, corners)) / corners
        pen.polygon(list(zip(radii * np.cos(turn), radii * np.sin(turn), strict=True)), first)
    pattern = rng.integers(3)
    if pattern == 1:
        step = rng.uniform(10, 24)
        for x in np.arange(-60, 60, step):
            pen.bar((float(x), -60), (float(x), 60), step * 0.45, second, detail=True)
    elif pattern == 2:
        for u, v in rng.uniform(-36, 36, (9, 2)):
            radius = rng.uniform(3, 8)
            pen.ellipse((u, v), (radius, radius), second, detail=True)
    return pen
