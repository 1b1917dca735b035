"""Figures of the cues that the first pseudo-annotations are made from."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.evaluation.jaccard import by_sequence, jaccard, mean_jaccard


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
