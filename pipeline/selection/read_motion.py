"""Motion of every frame of a version of the pseudo-annotations, read for the rules of motion."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.selection.motion_overlap import COLUMNS, MotionRuleParams, measure_shot, overlap_of


def motion_table(
    videos: Sequence[str],
    frames: Frames,
    labels: LabelMaps,
    motion: MotionSegments,
    params: MotionRuleParams,
) -> pd.DataFrame:
    """:func:`measure_shot` of every frame of a version of the pseudo-annotations.

    Videos without motion segments (still images) have no frame in motion.
    """
    predicted = labels.metadata.get("model") is not None
    tables = []
    for video in videos:
        numbers = motion.frames(video) if video in motion else []
        shares = {n: float(motion.segment(video, n).mean()) for n in numbers}
        overlap = partial(_overlap, video, labels, motion) if predicted else None
        whole, keys = frames.whole_video(video), labels.frames(video)
        tables.append(measure_shot(video, whole, shares, keys, overlap, params))
    if not tables:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(tables, ignore_index=True)


def _overlap(video: str, labels: LabelMaps, motion: MotionSegments, n: int) -> float:
    """Of the network's own prediction: labels inferred from motion would overlap anyway."""
    return overlap_of(motion.segment(video, n), labels.initial(video, n))
