"""Tiny artifacts: a few videos of noise with a bright square that moves, and its labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.artifacts.cues import CUES_INDEX, Cues, cue_digest, write_cue_index
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.maps import Maps
from pipeline.artifacts.superpixels import Superpixels
from pipeline.datasets.taxonomy import Tag, Taxonomy, taxonomy_of

FLYING, WALKING, DOG = ("bird", "flying"), ("bird", "walking"), ("dog", "walking")
TAXONOMY: Taxonomy = taxonomy_of([FLYING, WALKING, DOG])  # labels 1, 2, 3 in this order


class TinyVideo(NamedTuple):
    split: str
    tags: frozenset[Tag]


VIDEOS: dict[str, TinyVideo] = {
    "a": TinyVideo("train", frozenset([FLYING])),
    "b": TinyVideo("train", frozenset([DOG])),
    "c": TinyVideo("train", frozenset([WALKING, DOG])),
    "d": TinyVideo("train", frozenset()),
    "e": TinyVideo("val", frozenset([DOG])),
    "f": TinyVideo("test", frozenset([FLYING])),
}


def images(count: int, height: int, width: int, seed: int) -> npt.NDArray[np.uint8]:
    """T H W 3: noise of 0..59, and a square of 200 that moves two pixels a frame."""
    rng = np.random.default_rng(seed)
    found = rng.integers(0, 60, (count, height, width, 3), dtype=np.uint8)
    for t in range(count):
        found[t, 8:20, 4 + 2 * t : 16 + 2 * t] = 200
    return found


def label_map(label: int, t: int, height: int, width: int) -> npt.NDArray[np.uint8]:
    """H W: the square of ``images`` under ``label``."""
    labels = np.zeros((height, width), np.uint8)
    labels[8:20, 4 + 2 * t : 16 + 2 * t] = label
    return labels


def write_frames(
    folder: Path,
    videos: Mapping[str, TinyVideo] = VIDEOS,
    count: int = 4,
    keys: Sequence[int] = (1, 3),
    size: tuple[int, int] = (32, 40),
) -> Frames:
    rows: list[dict[str, Any]] = []
    for i, (name, video) in enumerate(videos.items()):
        frames = dict(enumerate(images(count, *size, seed=i)))
        total = Frames.write(folder, name, frames, keys, "png")
        rows.append(
            {"video": name, "rows": total, "split": video.split}
            | {"height": size[0], "width": size[1]}
        )
    Frames.write_index(folder, rows, {n: v.tags for n, v in videos.items()}, TAXONOMY)
    return Frames(folder)


def write_labels(
    folder: Path,
    frames: Frames,
    metadata: Mapping[str, Any] | None = None,
    splits: Sequence[str] = ("train", "val"),
) -> LabelMaps:
    """The square of each key frame under the video's first tag."""
    rows = []
    for video in frames.tagged(*splits):
        label = min(frames.taxonomy.labels(frames.tags(video)))
        size = frames.image(video, frames.key_frames(video)[0]).shape[:2]
        maps = {n: label_map(label, n, *size) for n in frames.key_frames(video)}
        rows.append({"video": video, "rows": LabelMaps.write(folder, video, maps)})
    LabelMaps.write_index(folder, rows, metadata or {"version": "v0", "initial_share": 0.1})
    return LabelMaps(folder)


def write_maps(
    folder: Path, maps: Mapping[str, Mapping[str, Mapping[int, npt.NDArray[Any]]]]
) -> Maps:
    """Attention maps, given by video, class and frame."""
    names = sorted({name for of_video in maps.values() for name in of_video})
    rows = []
    for video, of_class in maps.items():
        classes = [names.index(name) for name in of_class]
        numbers = list(next(iter(of_class.values())))
        stacks = {n: np.stack([own[n] for own in of_class.values()]) for n in numbers}
        rows.append({"video": video, "rows": Maps.write(folder, video, classes, stacks)})
    Maps.write_index(folder, rows, names)
    return Maps(folder)


def write_cues(folder: Path, *names: str) -> Cues:
    """The index of cues that lie in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    write_cue_index(folder / CUES_INDEX, {name: cue_digest(folder / name) for name in names})
    return Cues(folder)


def blocks(height: int, width: int, side: int) -> npt.NDArray[np.int32]:
    """Superpixels H W: squares of ``side`` pixels, numbered row by row."""
    rows, columns = np.mgrid[:height, :width]
    return (rows // side * -(-width // side) + columns // side).astype(np.int32)


def write_superpixels(folder: Path, frames: Frames, side: int = 4) -> Superpixels:
    rows = []
    for video in frames.videos:
        keys = frames.key_frames(video)
        size = frames.image(video, keys[0]).shape[:2]
        maps = {n: blocks(*size, side) for n in keys}
        rows.append({"video": video, "rows": Superpixels.write(folder, video, maps)})
    Superpixels.write_index(folder, rows)
    return Superpixels(folder)
