"""Figures of the cues that the first pseudo-annotations are made from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.maps import Maps
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.evaluation.cam_masks import cam_mask, foreground_iou
from pipeline.evaluation.jaccard import by_sequence, jaccard, mean_jaccard
from pipeline.vision.otsu import BinariseParams

Labels = npt.NDArray[np.uint8]


def score_motion(truth: LabelMaps, motion: MotionSegments) -> dict[str, Any] | None:
    """Jaccard index of motion segments, in percent.

    For each video the mean over all its frames that have a human mask and a motion segment, those
    included where the segment or the object is empty, the first and the last frame included (the
    benchmark's own code leaves these two out); then the mean over the videos.

    Args:
        truth: human masks; any label is foreground.
        motion: motion segments.

    Returns:
        ``jaccard`` and ``by_video``; None if no frame has both.
    """
    frames = {
        video: [
            jaccard(truth.labels(video, n), motion.segment(video, n).astype(np.uint8))
            for n in sorted({*truth.frames(video)} & {*motion.frames(video)})
        ]
        for video in motion.videos
        if video in truth
    }
    own = by_sequence(frames)
    return {"jaccard": mean_jaccard(frames), "by_video": own} if own else None


def score_cams(
    truth: LabelMaps,
    cam: Maps,
    aggregated: Maps | None,
    videos: Iterable[str],
    binarise: BinariseParams,
) -> dict[str, dict[str, float]]:
    """Foreground IoU of the masks of attention maps, plain and aggregated, on the same frames.

    Both are measured with the classes of the aggregated maps, on the frames that have these and a
    human mask: what differs is the aggregation alone.

    Args:
        truth: human masks.
        cam: maps of the frames.
        aggregated: the same, aggregated; None where the recipe does not aggregate.
        videos: whose frames count, those without maps or masks do not.
        binarise: map -> mask.

    Returns:
        ``cam`` and, if there are any, ``aggregated``, each with ``iou_foreground`` in percent and
        the number of ``frames``; nothing where no frame has both maps and a human mask.
    """
    judge = cam if aggregated is None else aggregated
    keys = [
        (v, n)
        for v in sorted(videos)
        if v in truth and v in judge
        for n in sorted({*truth.frames(v)} & {*judge.frames(v)})
    ]
    if not keys:
        return {}

    def score(source: Maps) -> dict[str, float]:
        def pairs() -> Iterable[tuple[Labels, Labels]]:
            for video, n in keys:
                true, maps = truth.labels(video, n), source.maps(video, n)
                classes = judge.maps(video, n)
                yield true, cam_mask([maps[c] for c in classes], true.shape, binarise)

        return {"iou_foreground": foreground_iou(pairs()), "frames": len(keys)}

    named = {"cam": cam} | ({} if aggregated is None else {"aggregated": aggregated})
    return {name: score(source) for name, source in named.items()}
