"""Own videos: a folder of video files or of frame folders, and a table of tags; no masks.

Layout::

    <root>/tags.csv        video,actor,action[,split]; a row for each tag of a video
    <root>/<video>.mp4     or .avi .mov .mkv .webm .mpg .mpeg
    <root>/<video>/*.jpg   or a folder of images, in the order of their names

``tags.csv`` decides which videos are used. Without a split column every video is "train".
Where actions do not matter (``actions`` false), the action column is neither needed nor used.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from pipeline.datasets.checks import check_layout
from pipeline.datasets.images import list_images
from pipeline.datasets.tags_csv import read_tags
from pipeline.datasets.taxonomy import taxonomy_of
from pipeline.datasets.validation import split_validation
from pipeline.datasets.video import Dataset, Video, make_dataset
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import Params

SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".mpg", ".mpeg")


class FolderParams(Params):
    """Parameters of a folder of own videos."""

    layout: Literal["folder"] = "folder"
    validation: float = Field(default=0.1, ge=0, lt=1)
    """Share of the train videos that become validation, if tags.csv names no "val" video."""
    split_seed: int = 0
    actions: bool = True
    """False: objects alone; tags.csv then needs no action column."""


def load(root: Path, params: FolderParams) -> Dataset:
    """Load a folder of own videos; no video is opened.

    Raises:
        InputError: the root, the table or a video is missing, a video exists in two forms, or the
            train split is empty.
    """
    check_layout(
        root,
        ("tags.csv",),
        "tags.csv (video,actor,action[,split]) beside <video>.mp4 files or <video>/ image folders",
    )
    rows = read_tags(root / "tags.csv", split_required=False, actions=params.actions)
    sources = _sources(root)
    videos = [Video(r.id, r.tags, r.split, _one_source(root, r.id, sources)) for r in rows]
    if not any(video.split == "val" for video in videos):
        videos = list(split_validation(videos, params.validation, params.split_seed))
    taxonomy = taxonomy_of(tag for video in videos for tag in video.tags)
    return make_dataset(taxonomy, videos, _read_annotation)


def _sources(root: Path) -> dict[str, list[Path]]:
    """Video files and folders below ``root``, by video id."""
    sources: dict[str, list[Path]] = {}
    for path in sorted(root.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            sources.setdefault(path.name, []).append(path)
        elif path.suffix.lower() in SUFFIXES:
            sources.setdefault(path.stem, []).append(path)
    return sources


def _one_source(root: Path, name: str, sources: dict[str, list[Path]]) -> Path | tuple[Path, ...]:
    found = sources.get(name, [])
    if not found:
        raise InputError(
            f"video {name!r} of tags.csv is missing: expected {root / name}"
            f"<{'|'.join(SUFFIXES)}> or a folder {root / name}/ of images"
        )
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise InputError(f"video {name!r} exists as {names} in {root}; keep one")
    if not found[0].is_dir():
        return found[0]
    images = list_images(found[0])
    if not images:
        raise InputError(f"video {name!r} has no frames: no images in the folder {found[0]}")
    return images


def _read_annotation(path: Path, video: Video) -> npt.NDArray[np.uint8]:
    raise InputError(f"video {video.id!r}: data sets of the layout folder have no masks ({path})")
