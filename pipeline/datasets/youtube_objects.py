"""YouTube-Objects v1 (Prest et al., CVPR 2012) with the masks of Jain and Grauman (ECCV 2014).

Ten classes of objects, no actions. The videos are cut into 5507 shots, and a shot is a `Video` of
its own, whose ``shot_of`` names the video. 126 shots have masks, of every 10th frame.

Layout, all that is read::

    <root>/v1/<class>/data/<video>/shots/<shot>/frame0001.jpg                 every frame
    <root>/youtube_masks/<class>/data/<video>/shots/<shot>/labels/00001.jpg   masks, if any

A mask belongs to the frame of the same number. Masks are JPEG: 0 and 255 with ringing around the
edges, so that what is above 127 is the object. Many are smaller than their frames. The ``images``
that the masks' release has beside ``labels`` are not needed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from pipeline.datasets.checks import check_id, check_layout
from pipeline.datasets.images import list_images, read_image
from pipeline.datasets.taxonomy import BACKGROUND, NO_ACTION, Taxonomy, taxonomy_of
from pipeline.datasets.validation import split_validation
from pipeline.datasets.video import Dataset, Video, make_dataset
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import Params

CLASSES = (
    "aeroplane", "bird", "boat", "car", "cat", "cow", "dog", "horse", "motorbike", "train",
)  # fmt: skip
FRAMES, MASKS = "v1", "youtube_masks"
OBJECT = 127  # grey values above it


class YouTubeObjectsParams(Params):
    """Parameters of YouTube-Objects.

    Attributes:
        split: which shots are for testing. ``masks``: those with masks, all others train (the
            common setting, WS2 Sec. 5.1). ``hashed``: all shots of a share of the videos, chosen
            by a hash of class and number, so that no video is in both.
        test: that share.
        validation: share of the train videos whose train shots become validation, by class.
        split_seed: of the hash and of the validation split.
    """

    layout: Literal["youtube_objects"] = "youtube_objects"
    split: Literal["masks", "hashed"] = "masks"
    test: float = Field(default=0.2, ge=0, lt=1)
    validation: float = Field(default=0.1, ge=0, lt=1)
    split_seed: int = 0


def load(root: Path, params: YouTubeObjectsParams) -> Dataset:
    """Load YouTube-Objects; frames and masks are not read.

    Ids are ``<class>_<video>_<shot>``, for example ``dog_0003_012``.

    Raises:
        InputError: the root is missing, a class is none of the ten, a shot has no frames, a file
            name has no number or one that another has, a mask has no frame, or the train split is
            empty.
    """
    check_layout(root, (FRAMES,), f"{FRAMES}/<class>/data/<video>/shots/<shot>/frame0001.jpg")
    shots = [_shot(path, root) for path in _shots(root / FRAMES)]
    if not shots:
        raise InputError(
            f"{root / FRAMES} has no shots: expected <class>/data/<video>/shots/<shot>"
        )
    known = {shot.id for shot in shots}
    for path in _shots(root / MASKS):
        if _id(path) not in known:
            raise InputError(f"masks {path} belong to no shot below {root / FRAMES}")
    shots = _split_validation([_with_split(shot, params) for shot in shots], params)
    taxonomy = taxonomy_of((name, NO_ACTION) for name in CLASSES)
    taxonomy = taxonomy.restrict(tag for shot in shots for tag in shot.tags)
    return make_dataset(taxonomy, shots, partial(_read_annotation, taxonomy))


def _shots(folder: Path) -> Iterator[Path]:
    """Folders ``<class>/data/<video>/shots/<shot>`` below ``folder``; none if it is missing."""
    for data in sorted(folder.glob("*/data")):
        name = data.parent.name
        if name.startswith("."):
            continue
        if name not in CLASSES:
            raise InputError(f"{data.parent}: unknown class {name!r}; known: {', '.join(CLASSES)}")
        for path in sorted(data.glob("*/shots/*")):
            if path.is_dir() and not any(part.startswith(".") for part in path.parts[-3:]):
                yield path


def _id(shot: Path) -> str:
    """Id of a shot's folder, ``<class>_<video>_<shot>``."""
    name, _, video, _, number = shot.parts[-5:]
    return check_id(f"{name}_{video}_{number}", str(shot))


def _shot(folder: Path, root: Path) -> Video:
    frames = _numbered(list_images(folder))
    if not frames:
        raise InputError(f"shot {folder} has no frames: expected {folder}/frame0001.jpg")
    places = {number: place for place, number in enumerate(frames)}
    annotations: dict[int, Path] = {}
    labels = root / MASKS / folder.relative_to(root / FRAMES) / "labels"
    for number, path in _numbered(list_images(labels)).items():
        if number not in places:
            raise InputError(f"annotation {path} has no frame {folder}/frame{number:04d}.jpg")
        if path.suffix.lower() not in (".jpg", ".jpeg"):
            raise InputError(f"annotation {path}: expected JPEG, as the masks are published")
        annotations[places[number]] = path
    name = folder.parts[-5]
    return Video(
        _id(folder),
        frozenset({(name, NO_ACTION)}),
        "train",
        tuple(frames.values()),
        annotations,
        shot_of=f"{name}_{folder.parts[-3]}",
    )


def _numbered(images: Sequence[Path]) -> dict[int, Path]:
    """Images by the number at the end of their names, in order of the numbers."""
    found: dict[int, Path] = {}
    for path in images:
        digits = re.search(r"[0-9]+$", path.stem)
        number = int(digits[0]) if digits else -1
        if number < 0 or number in found:
            raise InputError(f"{path}: expected names that end in a number, each number once")
        found[number] = path
    return dict(sorted(found.items()))


def _with_split(shot: Video, params: YouTubeObjectsParams) -> Video:
    """The shot as ``train`` or ``test``."""
    if params.split == "masks":
        return replace(shot, split="test") if shot.annotations else shot
    digest = hashlib.sha256(f"{params.split_seed}/{shot.shot_of}".encode()).digest()
    chosen = int.from_bytes(digest[:8], "big") < params.test * 2**64
    return replace(shot, split="test") if chosen else shot


def _split_validation(shots: Sequence[Video], params: YouTubeObjectsParams) -> list[Video]:
    """Turn the train shots of a share of the videos into validation shots.

    Shots of one video look alike: on both sides they would make validation too easy.
    """
    first = {shot.shot_of: shot for shot in reversed(shots) if shot.split == "train"}
    turned = split_validation(tuple(first.values()), params.validation, params.split_seed)
    chosen = {shot.shot_of for shot in turned if shot.split == "val"}
    return [
        replace(s, split="val") if s.split == "train" and s.shot_of in chosen else s for s in shots
    ]


def _read_annotation(taxonomy: Taxonomy, path: Path, video: Video) -> npt.NDArray[np.uint8]:
    """Labels ``H W`` of a mask at its own size: the label of the shot's class, or 0."""
    image = read_image(path)
    if image is None:
        raise InputError(f"cannot read annotation {path}: missing or damaged")
    (label,) = taxonomy.labels(video.tags)
    return np.where(image.max(axis=2) > OBJECT, label, BACKGROUND).astype(np.uint8)
