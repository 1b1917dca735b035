"""A2D, the Actor-Action Dataset (Xu, Hsieh, Xiong and Corso, CVPR 2015), and data in its layout.

3782 videos, 3036 train and 746 test, 43 actor-action pairs, masks on 3 to 5 frames of a video.
Layout::

    Release/videoset.csv                      no header: id, label id, start, end, height, width,
                                              frames, annotated frames, usage (0 train, 1 test)
    Release/clips320H/<id>.mp4                the videos
    Release/Annotations/mat/<id>/00001.mat    MATLAB v7.3; `reS_id`: label ids, `id`: those of the
                                              objects; frames count from 1
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np
import numpy.typing as npt
from pydantic import Field

from pipeline.datasets.checks import check_id, check_layout
from pipeline.datasets.tags_csv import read_rows
from pipeline.datasets.taxonomy import A2D, BACKGROUND, NO_ACTION, Tag, Taxonomy, a2d_tag
from pipeline.datasets.validation import split_validation
from pipeline.datasets.video import Dataset, Split, Video, make_dataset
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import Params

COLUMNS = 9
USAGE: dict[str, Split] = {"0": "train", "1": "test"}


class A2DParams(Params):
    """Parameters of a data set in the A2D layout."""

    layout: Literal["a2d"] = "a2d"
    validation: float = Field(default=288 / 3036, ge=0, lt=1)
    """Share of the train videos that become validation: of 3036, 2748 stay (WS2, section 4)."""
    split_seed: int = 0
    actions: bool = True
    """False: object segmentation; every action is "none"."""


def load(root: Path, params: A2DParams) -> Dataset:
    """Load a data set in the A2D layout; of the annotations only the object ids are read.

    The tags of a video are the label id of videoset.csv and those of its annotated objects; label
    id 0 is a video without actors. The classes are the pairs of A2D that occur.

    Args:
        root: the folder that holds ``Release``, or ``Release`` itself.
        params: share and seed of the validation split.

    Raises:
        InputError: the root, the table or a clip is missing, a row, a label id or an annotation
            is not valid, an id occurs twice, or the train split is empty.
    """
    release = root / "Release" if (root / "Release").is_dir() else root
    check_layout(
        release,
        ("videoset.csv",),
        "Release/videoset.csv, Release/clips320H/<id>.mp4 and Release/Annotations/mat/<id>/*.mat",
    )
    videos = [
        _video(release, cells, f"{release / 'videoset.csv'} line {line}", params.actions)
        for line, cells in read_rows(release / "videoset.csv")
    ]
    taxonomy = A2D.restrict(tag for video in videos for tag in video.tags)
    split = split_validation(videos, params.validation, params.split_seed)
    return make_dataset(taxonomy, split, partial(_read_annotation, taxonomy, params.actions))


def _video(release: Path, cells: list[str], where: str, actions: bool) -> Video:
    """Video of one row of videoset.csv."""
    if len(cells) != COLUMNS:
        raise InputError(f"{where}: expected {COLUMNS} columns without a header, got {len(cells)}")
    video_id, label_id, usage = check_id(cells[0], where), cells[1], cells[-1]
    if usage not in USAGE:
        raise InputError(f"{where}: usage {usage!r} is neither 0 (train) nor 1 (test)")
    if not label_id.isascii() or not label_id.isdigit():
        raise InputError(f"{where}: label id {label_id!r} is not a number")
    clip = release / "clips320H" / f"{video_id}.mp4"
    if not clip.is_file():
        raise InputError(f"{where}: video {video_id!r} has no file {clip}")
    tags = _tags([int(label_id)], where, actions)
    annotations = _annotations(release / "Annotations" / "mat" / video_id)
    for path in annotations.values():
        with _open(path) as mat:
            tags |= _tags(_field(mat, "id", path).ravel(), f"annotation {path}", actions)
    return Video(video_id, frozenset(tags), USAGE[usage], clip, annotations)


def _annotations(folder: Path) -> dict[int, Path]:
    """Annotation files of a video by 0-based frame number; empty if there is no folder."""
    if not folder.is_dir():
        return {}
    found: dict[int, Path] = {}
    for path in sorted(folder.glob("*.mat")):
        if path.name.startswith("."):
            continue
        number = int(path.stem) if path.stem.isascii() and path.stem.isdigit() else 0
        if number < 1 or number - 1 in found:
            raise InputError(f"annotation {path}: expected frame numbers from 00001.mat, each once")
        found[number - 1] = path
    return found


def _tags(label_ids: Iterable[float], where: str, actions: bool) -> set[Tag]:
    """Tags of label ids; 0 stands for no actor."""
    try:
        return {_tag(label_id, actions) for label_id in label_ids if label_id != BACKGROUND}
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _tag(label_id: float, actions: bool) -> Tag:
    if not float(label_id).is_integer():
        raise InputError(f"label id {label_id} is not a whole number")
    actor, action = a2d_tag(int(label_id))
    return actor, action if actions else NO_ACTION


def _read_annotation(
    taxonomy: Taxonomy, actions: bool, path: Path, video: Video
) -> npt.NDArray[np.uint8]:
    """Labels ``H W`` of an annotated frame, from the label ids of ``reS_id``."""
    with _open(path) as mat:
        ids = _field(mat, "reS_id", path)
    if ids.ndim != 2 or not ids.size:
        raise InputError(f"annotation {path}: reS_id has the shape {ids.shape}, expected H x W")
    table = np.zeros(256, np.uint8)
    for value in np.unique(ids):
        if value == BACKGROUND:
            continue
        try:
            label = taxonomy.label(_tag(value, actions))
        except InputError as error:
            raise InputError(f"annotation {path} of video {video.id!r}: {error}") from None
        table[int(value)] = label
    # MATLAB stores columns first: the transpose is H x W. Every value is now known to be an id.
    return np.ascontiguousarray(table[ids.astype(np.uint8)].T)


@contextmanager
def _open(path: Path) -> Iterator[h5py.File]:
    """Open a .mat file; reading errors inside become `InputError` as well."""
    try:
        with h5py.File(path, "r") as mat:
            yield mat
    except InputError:
        raise
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(
            f"cannot read annotation {path}: missing, damaged or not MATLAB v7.3 "
            f"({' '.join(str(error).split())})"
        ) from None


def _field(mat: h5py.File, name: str, path: Path) -> npt.NDArray[Any]:
    """Numbers of a field as stored; an empty array if MATLAB marked it as empty."""
    data = mat.get(name)
    if not isinstance(data, h5py.Dataset) or data.dtype.kind not in "biuf":
        raise InputError(f"annotation {path} has no numeric field {name!r}")
    # Of an empty array MATLAB stores the dimensions as its content, and this mark.
    if data.shape is None or data.attrs.get("MATLAB_empty", 0):
        return np.zeros((0, 0))
    return np.asarray(data)
