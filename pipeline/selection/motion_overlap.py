"""Selection by motion: shots in which something moves, then the best shot of each video.

M-CNN (Tokmakov, Alahari and Schmid, ECCV 2016), Sections 3.3 and 4.2: "we keep only the shots where
the estimated foreground occupies between 2.5 % and 50 % of the frame area in each frame, for at
least 20 contiguous frames"; of several such runs the longest; 10 frames of it. Fine-tuning takes
from each video the one shot whose motion segments overlap the network's prediction best.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field, model_validator

from pipeline.datasets.taxonomy import is_foreground
from pipeline.datasets.video import uniform_frames
from pipeline.runtime.params import Params

log = logging.getLogger(__name__)
Mask = npt.NDArray[np.bool_]
COLUMNS = ("video", "frame", "whole_video", "moving", "overlap")


class MotionRuleParams(Params):
    """Selection by motion.

    Attributes:
        least, most: foreground share of a frame with which it counts as moving; both included.
        run: contiguous moving frames that a shot must have.
        frames: that are taken of the longest run, spread evenly.
        overlap: mean intersection over union of motion segments and prediction that the best shot
            of a video must have.
    """

    least: float = Field(default=0.025, ge=0, le=1)
    most: float = Field(default=0.5, gt=0, le=1)
    run: int = Field(default=20, ge=1)
    frames: int = Field(default=10, ge=1)
    overlap: float = Field(default=0.2, ge=0, le=1)

    @model_validator(mode="after")
    def _some_share_is_possible(self) -> MotionRuleParams:
        if self.least > self.most:
            raise ValueError(f"least {self.least:g} is above most {self.most:g}")
        return self


def longest_run(moving: Sequence[bool]) -> range:
    """Places of the longest run of True, the first of several; empty if there is none."""
    best = range(0)
    start = 0
    for place, moves in enumerate([*moving, False]):
        if not moves:
            if place - start > len(best):
                best = range(start, place)
            start = place + 1
    return best


def frames_in_motion(
    shares: Mapping[int, float], candidates: Sequence[int], params: MotionRuleParams
) -> list[int]:
    """The frames of a shot to train on.

    Args:
        shares: by frame number the foreground share of *every* frame of the shot, 0..1.
        candidates: the frames that may be taken, since they have a pseudo-annotation.
        params: what counts as motion.

    Returns:
        Up to ``params.frames`` candidates from the longest run of moving frames, spread evenly;
        none if that run is shorter than ``params.run``.
    """
    numbers = sorted(shares)
    run = longest_run([params.least <= shares[n] <= params.most for n in numbers])
    if len(run) < params.run:
        return []
    inside = {numbers[place] for place in run}
    possible = [n for n in sorted(candidates) if n in inside]
    return [possible[i] for i in uniform_frames(len(possible), params.frames)]


def overlap_of(segment: Mask, labels: npt.NDArray[np.uint8]) -> float:
    """IoU (0..1) of a motion segment and the predicted foreground, H W.

    0 where both are empty.
    """
    found = is_foreground(labels)
    union = int(np.count_nonzero(segment | found))
    return int(np.count_nonzero(segment & found)) / max(union, 1)


def measure_shot(
    video: str,
    whole_video: str,
    shares: Mapping[int, float],
    candidates: Sequence[int],
    overlap: Callable[[int], float] | None,
    params: MotionRuleParams,
) -> pd.DataFrame:
    """A row for each candidate frame of a shot, as the rules want it.

    Args:
        video: the shot.
        whole_video: the video that it was cut from.
        shares: by frame number the foreground share of the motion segment of every frame.
        candidates: frames with a pseudo-annotation.
        overlap: of a frame's motion segment with its prediction; None where no network has
            predicted yet.
        params: what counts as motion.

    Returns:
        ``moving``: whether the frame is to be trained on; ``overlap``: its mean over the shot's
        moving frames, 0 without any, NaN without a prediction.
    """
    chosen = frames_in_motion(shares, candidates, params)
    mean = float("nan")
    if overlap is not None:
        mean = float(np.mean([overlap(n) for n in chosen])) if chosen else 0.0
    rows = [(video, n, whole_video, n in chosen, mean) for n in candidates]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def select_moving(frames: pd.DataFrame) -> pd.DataFrame:
    """The rows of frames in motion; columns as :func:`measure_shot` gives them."""
    return frames[frames["moving"].astype(bool)]


def select_best_shots(frames: pd.DataFrame, params: MotionRuleParams) -> pd.DataFrame:
    """The rows of frames in motion of one shot for each video: the one with the best overlap.

    Of equal shots the first by name. All frames in motion are taken where there is nothing to
    choose by: no network has predicted yet, or what it predicts overlaps no shot enough.
    """
    moving = select_moving(frames)
    if moving["overlap"].isna().all():
        return moving
    good = moving[moving["overlap"] >= params.overlap]
    if good.empty:
        log.warning(
            "select_pa: the predictions overlap no shot's motion by %g; all that moves is taken",
            params.overlap,
        )
        return moving
    order = good.sort_values(["overlap", "video"], ascending=[False, True], kind="stable")
    best = order.drop_duplicates("whole_video")["video"]
    return moving[moving["video"].isin(best)]
