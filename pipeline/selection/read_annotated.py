"""The key frames of a video with a version of their pseudo-annotations, read and measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.artifacts.cues import Cues
from pipeline.artifacts.flows import Flows
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.maps import Maps
from pipeline.artifacts.superpixels import Superpixels
from pipeline.datasets.taxonomy import Tag
from pipeline.runtime.reproducible import derive_seed
from pipeline.selection.annotated import AnnotatedVideo
from pipeline.selection.measure import MeasuredRegions, measure_regions
from pipeline.selection.read_neighbours import neighbour_flows
from pipeline.vision.resizing import at_full_size
from pipeline.vision.superpixel_refinement import RefineParams


def measure_video(
    video: str,
    frames: Frames,
    labels: LabelMaps,
    superpixels: Superpixels,
    cues: Cues,
    with_flow: bool,
    refine: RefineParams,
    patch: int,
    seed: int,
) -> MeasuredRegions:
    """The regions of one video; its background squares have their own random generator.

    Args:
        video: its id.
        frames: images, tags.
        labels: the version of the pseudo-annotations.
        superpixels: of the same frames.
        cues: attention maps, and optical flow where a score looks at it.
        with_flow: whether any score does.
        refine: Algorithm 2, for the region integrity of a region.
        patch: side of the patches in pixels.
        seed: of the selection.
    """
    annotated = read_annotated(video, frames, labels, superpixels, cues, with_flow)
    rng = np.random.default_rng(derive_seed(seed, video))
    return measure_regions(annotated, frames.taxonomy.names("actor_action"), refine, patch, rng)


def read_annotated(
    video: str,
    frames: Frames,
    labels: LabelMaps,
    superpixels: Superpixels,
    cues: Cues,
    with_flow: bool,
) -> AnnotatedVideo:
    """The key frames of one video, read from their artifacts; see :func:`measure_video`."""
    keys = labels.frames(video)
    found = np.stack([labels.labels(video, n) for n in keys])
    cams = [cues.get(branch, Maps) for branch in ("actor", "action")]
    flows = cues.need("flow", Flows) if with_flow else None
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
    cams: Sequence[Maps | None], video: str, frame: int, tag: Tag, shape: tuple[int, ...]
) -> npt.NDArray[np.float32]:
    """Mean of the actor's and, where there is one, the action's map, H W."""
    known = [(c, name) for c, name in zip(cams, tag, strict=True) if c is not None and video in c]
    found = [(c.maps(video, frame), name) for c, name in known]
    maps = [of_frame[name] for of_frame, name in found if name in of_frame]
    if not maps:  # there is no classifier of this class
        return np.zeros(shape, np.float32)
    return at_full_size(maps, shape[0], shape[1]).mean(axis=0, dtype=np.float32)
