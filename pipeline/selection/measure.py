"""Everything that is measured on the regions of a pseudo-annotation before the selection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.artifacts.flows import Flows
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.maps import Maps
from pipeline.artifacts.superpixels import Superpixels
from pipeline.cues.background_motion import speed_against_camera
from pipeline.datasets.taxonomy import Tag
from pipeline.selection.neighbours import neighbour_flows
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
from pipeline.selection.scores import (
    cam_agreement,
    colour_contrast,
    flow_agreement,
    motion_agreement,
    rii_score,
)
from pipeline.vision.resizing import at_full_size
from pipeline.vision.superpixel_refinement import RefineParams
from pipeline.vision.warping import Flow, warp

Image = npt.NDArray[np.uint8]
SCORES = ("colour_contrast", "cam_agreement", "rii", "flow_agreement", "motion_agreement")
COLUMNS = ("video", "frame", "label", "tag", *SCORES)
FILL = (124, 116, 104)  # mean colour of ImageNet, RGB: says least to a classifier


@dataclass(frozen=True)
class AnnotatedVideo:
    """The key frames of one video with a version of their pseudo-annotations.

    Attributes:
        video: its id.
        frames: T frame numbers, in order.
        images: T H W 3, RGB.
        labels: T H W, the pseudo-annotations.
        initial: T H W, the same before superpixel refinement.
        superpixels: H W of each frame.
        attention: by each label that occurs the mean of the actor's and the action's map, T H W in
            [0, 1].
        neighbours: by frame the flow ``H W 2`` to each neighbour among the frames, by its place;
            empty where there is no flow.
    """

    video: str
    frames: Sequence[int]
    images: Image
    labels: Image
    initial: Image
    superpixels: Sequence[npt.NDArray[np.int32]]
    attention: Mapping[int, npt.NDArray[np.float32]]
    neighbours: Sequence[Mapping[int, Flow]] = ()


def read_annotated(
    video: str,
    frames: Frames,
    labels: LabelMaps,
    superpixels: Superpixels,
    cams: Sequence[Maps],
    flows: Flows | None,
) -> AnnotatedVideo:
    """The key frames of one video, read from their artifacts.

    Args:
        video: its id.
        frames: images, tags.
        labels: the version of the pseudo-annotations.
        superpixels: of the same frames.
        cams: maps of the actors, and of the actions where the data set has any.
        flows: optical flow; None, or an artifact without any video, where nothing asks for it.
    """
    keys = labels.frames(video)
    found = np.stack([labels.labels(video, n) for n in keys])
    return AnnotatedVideo(
        video,
        keys,
        frames.images(video, keys),
        found,
        np.stack([labels.initial(video, n) for n in keys]),
        [superpixels.superpixels(video, n) for n in keys],
        {
            label: np.stack([_attention(cams, video, n, tag, found.shape[1:]) for n in keys])
            for label, tag in enumerate(frames.taxonomy.pairs, start=1)
            if (found == label).any()
        },
        neighbour_flows(flows, video, keys, *found.shape[1:]) if flows is not None else (),
    )


def _attention(
    cams: Sequence[Maps], video: str, frame: int, tag: Tag, shape: tuple[int, ...]
) -> npt.NDArray[np.float32]:
    """Mean of the actor's and, where there is one, the action's map, H W."""
    found = [(c.maps(video, frame), name) for c, name in zip(cams, tag, strict=True) if video in c]
    maps = [of_frame[name] for of_frame, name in found if name in of_frame]
    if not maps:  # there is no classifier of this class
        return np.zeros(shape, np.float32)
    return at_full_size(maps, shape[0], shape[1]).mean(axis=0, dtype=np.float32)


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
        table: a row a region: ``video``, ``frame``, ``label``, ``tag`` and the scores
            ``colour_contrast``, ``cam_agreement``, ``rii``, ``flow_agreement`` and
            ``motion_agreement``, the last two NaN where there is no flow.
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
        regions = regions_of(labels)
        flows = list(video.neighbours[position].values()) if video.neighbours else []
        speed = speed_against_camera(flows) if flows and regions else None
        for region in regions:
            rows.append(
                {"video": video.video, "frame": video.frames[position]}
                | {"label": region.label, "tag": tags[region.label]}
                | _scores(video, position, region, refine)
                | {"motion_agreement": _motion(region, speed)}
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


def _scores(
    video: AnnotatedVideo, position: int, region: Region, refine: RefineParams
) -> dict[str, float]:
    before = video.initial[position] == region.label
    return {
        "colour_contrast": colour_contrast(video.images[position], region.mask),
        "cam_agreement": cam_agreement(region.mask, video.attention[region.label][position]),
        "rii": rii_score(before, video.superpixels[position], refine),
        "flow_agreement": flow_agreement(region.mask, _warped(video, position, region.label)),
    }


def _motion(region: Region, speed: npt.NDArray[np.float32] | None) -> float:
    return float("nan") if speed is None else motion_agreement(region.mask, speed)


def _warped(video: AnnotatedVideo, position: int, label: int) -> npt.NDArray[np.bool_]:
    """The label's masks of the neighbouring frames, fetched to this one, N H W."""
    beside = video.neighbours[position] if video.neighbours else {}
    masks = [warp(video.labels[n] == label, flow) > 0.5 for n, flow in beside.items()]
    return np.array(masks, bool).reshape(-1, *video.labels.shape[1:])


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
