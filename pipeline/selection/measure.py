"""Everything that is measured on the regions of a pseudo-annotation before the selection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.selection.annotated import AnnotatedFrame, AnnotatedRegion, AnnotatedVideo
from pipeline.selection.patches import (
    Place,
    Region,
    Square,
    crop_square,
    cut_and_paste,
    cut_out,
    enclosing_square,
    find_background_patch,
    regions_of,
)
from pipeline.selection.table import SCORES
from pipeline.vision.superpixel_refinement import RefineParams

Image = npt.NDArray[np.uint8]
COLUMNS = ("video", "frame", "label", "tag", *SCORES)
FILL = (124, 116, 104)  # mean colour of ImageNet, RGB: neutral to a classifier


class Patches(NamedTuple):
    """Patches of N regions, N S S 3: as they are, pasted on background, and cut out.

    ``background`` (N) is False where the video has no free square; the pasted patch is black then.
    """

    original: Image
    pasted: Image
    alone: Image
    background: npt.NDArray[np.bool_]


class MeasuredRegions(NamedTuple):
    """Regions of one or several videos.

    Attributes:
        table: a row a region: ``video``, ``frame``, ``label``, ``tag`` and the scores of
            :data:`pipeline.selection.table.SCORES`, NaN where one cannot be measured.
        patches: in the same order.
    """

    table: pd.DataFrame
    patches: Patches


def measure_regions(
    video: AnnotatedVideo,
    tags: Sequence[str],
    refine: RefineParams,
    patch: int,
    rng: np.random.Generator,
) -> MeasuredRegions:
    """Scores and patches of every region of a video.

    Args:
        video: its frames and their pseudo-annotations.
        tags: name of each label.
        refine: Algorithm 2, for the region integrity of a region.
        patch: side of the patches in pixels.
        rng: places the background squares.
    """
    rows: list[dict[str, Any]] = []
    patches: list[tuple[Image, Image, Image]] = []
    background: list[bool] = []
    forbidden = video.labels > 0
    for position, labels in enumerate(video.labels):
        frame = AnnotatedFrame(video, position)
        for region in regions_of(labels):
            annotated = AnnotatedRegion(frame, region, refine)
            rows.append(
                {"video": video.video, "frame": video.frames[position]}
                | {"label": region.label, "tag": tags[region.label]}
                | {name: score.measure(annotated) for name, score in SCORES.items()}
            )
            square = enclosing_square(region.mask)
            place = find_background_patch(forbidden, square.size, rng, position)
            background.append(place is not None)
            patches.append(_patches(video, position, region, square, place, patch))
    stacks = np.array(patches, np.uint8).reshape(-1, 3, patch, patch, 3)
    original, pasted, alone = (stacks[:, which] for which in range(3))
    found = Patches(original, pasted, alone, np.array(background, bool))
    return MeasuredRegions(_table(rows), found)


def join_regions(parts: Sequence[MeasuredRegions]) -> MeasuredRegions:
    """The regions of all videos, in their order; of no video none."""
    filled = [p for p in parts if len(p.table)]
    if not filled:
        none = np.zeros((0, 1, 1, 3), np.uint8)
        return MeasuredRegions(_table([]), Patches(none, none, none, np.zeros(0, bool)))
    stacks = zip(*(p.patches for p in filled), strict=True)
    return MeasuredRegions(
        pd.concat([p.table for p in filled], ignore_index=True),
        Patches(*(np.concatenate(stack) for stack in stacks)),
    )


def _table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _patches(
    video: AnnotatedVideo,
    position: int,
    region: Region,
    square: Square,
    place: Place | None,
    side: int,
) -> tuple[Image, Image, Image]:
    original = crop_square(video.images[position], square, "replicate")
    mask = crop_square(region.mask, square, "zero")
    pasted = np.zeros_like(original)
    if place is not None:
        there = Square(place.top, place.left, square.size)
        background = crop_square(video.images[place.frame], there, "replicate")
        pasted = cut_and_paste(original, mask, background)
    return (
        _resize(original, side),
        _resize(pasted, side),
        _resize(cut_out(original, mask, FILL), side),
    )


def _resize(patch: Image, side: int) -> Image:
    method: Any = cv2.INTER_AREA if patch.shape[0] > side else cv2.INTER_LINEAR
    return cv2.resize(patch, (side, side), interpolation=method).astype(np.uint8)
