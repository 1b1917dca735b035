"""DAVIS 2016 and 2017 with one tag for each sequence (Perazzi et al. 2016, Pont-Tuset et al. 2017).

Layout::

    <root>/tags.csv                                    video,actor,action,split
    <root>/JPEGImages/<resolution>/<video>/00000.jpg   every frame
    <root>/Annotations/<resolution>/<video>/00000.png  masks, for some frames or none

DAVIS has no tags: ``tags.csv`` is written by the user, and its rows decide which sequences are
used. Masks: in grey images (2016) every pixel above 0 is the object; in palette images (2017) every
object counts as the video's tag, and index 255 is "ignore".
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from pipeline.datasets.checks import check_id, check_layout
from pipeline.datasets.images import list_images
from pipeline.datasets.png import read_png
from pipeline.datasets.tags_csv import TaggedVideo, read_tags
from pipeline.datasets.taxonomy import BACKGROUND, IGNORE, Taxonomy, tag_name, taxonomy_of
from pipeline.datasets.validation import split_validation
from pipeline.datasets.video import Dataset, Video, make_dataset
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import Params


class DavisParams(Params):
    """Parameters of a data set in the DAVIS layout."""

    layout: Literal["davis"] = "davis"
    resolution: str = "480p"
    """Folder of that name below JPEGImages and Annotations."""
    validation: float = Field(default=0.0, ge=0, lt=1)
    """Share of the train videos that become validation, if tags.csv names no "val" video."""
    split_seed: int = 0
    actions: bool = True
    """False: object segmentation; the action column is not used."""


def load(root: Path, params: DavisParams) -> Dataset:
    """Load a data set in the DAVIS layout; frames and masks are not read.

    Raises:
        InputError: the root, the table, a sequence or its frames are missing, a mask has no frame,
            a video with masks has several tags, or the train split is empty.
    """
    check_id(params.resolution, "dataset.resolution")
    frames = root / "JPEGImages" / params.resolution
    check_layout(
        root,
        ("tags.csv", f"JPEGImages/{params.resolution}"),
        f"tags.csv and JPEGImages/{params.resolution}/<video>/00000.jpg",
    )
    rows = read_tags(root / "tags.csv", split_required=True, actions=params.actions)
    masks = root / "Annotations" / params.resolution
    videos = [_video(row, frames / row.id, masks / row.id) for row in rows]
    if not any(video.split == "val" for video in videos):
        videos = list(split_validation(videos, params.validation, params.split_seed))
    taxonomy = taxonomy_of(tag for video in videos for tag in video.tags)
    return make_dataset(taxonomy, videos, partial(_read_annotation, taxonomy))


def _video(row: TaggedVideo, frames: Path, masks: Path) -> Video:
    source = list_images(frames)
    if not source:
        raise InputError(f"video {row.id!r} of tags.csv has no frames: expected {frames}/00000.jpg")
    numbers = {path.stem: number for number, path in enumerate(source)}
    annotations: dict[int, Path] = {}
    for path in list_images(masks):
        if path.stem not in numbers:
            raise InputError(f"annotation {path} has no frame {frames / path.stem}.jpg")
        annotations[numbers[path.stem]] = path
    if annotations and len(row.tags) > 1:
        names = ", ".join(sorted(map(tag_name, row.tags)))
        raise InputError(
            f"video {row.id!r} has the tags {names} and masks in {masks}, which do not tell them "
            "apart: give it one tag, or take the masks away"
        )
    return Video(row.id, row.tags, row.split, source, annotations)


def _read_annotation(taxonomy: Taxonomy, path: Path, video: Video) -> npt.NDArray[np.uint8]:
    """Labels ``H W`` of a mask: the label of the video's single tag, 0, or 255 = ignore."""
    if len(video.tags) != 1:
        raise ValueError(f"expected a video with one tag, got {len(video.tags)} for {video.id!r}")
    (label,) = taxonomy.labels(video.tags)
    values, kind = read_png(path)
    labels = np.where(values > 0, label, BACKGROUND).astype(np.uint8)
    if kind == "palette":
        labels[values == IGNORE] = IGNORE
    return labels
