"""The relations of VSCR, one pixel and one cluster after the other."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
IGNORE = 255
LEAST = 8


def slow_kmeans(vectors: Array, regions: list[int], starts: list[int], rounds: int) -> list[int]:
    """One region and one pixel after the other."""
    slots = list(starts)
    for _ in range(rounds):
        found = list(slots)
        for region in set(regions):
            members = [i for i, r in enumerate(regions) if r == region]
            means = {}
            for slot in sorted({slots[i] for i in members}):
                total = sum(vectors[i] for i in members if slots[i] == slot)
                means[slot] = total / np.linalg.norm(total)
            for i in members:
                found[i] = max(means, key=lambda slot: (vectors[i] @ means[slot], -slot))
        slots = found
    kept = sorted(set(zip(regions, slots, strict=True)))
    return [kept.index(pair) for pair in zip(regions, slots, strict=True)]


class Pixel(NamedTuple):
    vector: Array
    image: int
    segment: int
    label: int


def slow_losses(
    embeddings: Array,
    segments: Numbers,
    labels: Numbers,
    tags: npt.NDArray[np.bool_],
    clusters: int,
    concentration: dict[str, float],
) -> dict[str, float]:
    """Means of the three losses; 0 where no pixel takes part."""
    batch, _, height, width = embeddings.shape
    pixels = [
        Pixel(embeddings[b, :, y, x], b, int(segments[b, y, x]), int(labels[b, y, x]))
        for b in range(batch)
        for y in range(height)
        for x in range(width)
        if segments[b, y, x] >= 0
    ]
    prototypes = slow_prototypes(pixels, clusters)
    found: dict[str, list[float]] = {"cam": [], "edge": [], "tag": []}
    for pixel in pixels:
        for name, losses in found.items():
            positive, negative = 0.0, 0.0
            for other in prototypes:
                side = relation(name, pixel, other, tags)
                value = math.exp(concentration[name] * float(pixel.vector @ other.vector))
                positive += value if side is True else 0.0
                negative += value if side is False else 0.0
            if positive and negative:
                losses.append(-math.log(positive / (positive + negative)))
    return {name: float(np.mean(losses)) if losses else 0.0 for name, losses in found.items()}


def relation(name: str, pixel: Pixel, other: Pixel, tags: npt.NDArray[np.bool_]) -> bool | None:
    """Whether a cluster is a pixel's positive; None where it is neither that nor a negative."""
    if name == "edge":
        return None if pixel.image != other.image else pixel.segment == other.segment
    if name == "cam":
        return None if IGNORE in (pixel.label, other.label) else pixel.label == other.label
    return bool((tags[pixel.image] & tags[other.image]).any())


def slow_prototypes(pixels: list[Pixel], clusters: int) -> list[Pixel]:
    """Clusters as pixels in their means."""
    regions: dict[tuple[int, int, int], list[Pixel]] = {}
    for pixel in pixels:
        regions.setdefault((pixel.image, pixel.segment, pixel.label), []).append(pixel)
    found = []
    for key, members in regions.items():
        parts = max(min(len(members) // LEAST, clusters), 1)
        starts = [i * parts // len(members) for i in range(len(members))]
        vectors = np.stack([m.vector for m in members])
        numbers = slow_kmeans(vectors, [0] * len(members), starts, 10)
        for number in sorted(set(numbers)):
            total = vectors[np.array(numbers) == number].sum(axis=0)
            found.append(Pixel(total / np.linalg.norm(total), *key))
    return found
