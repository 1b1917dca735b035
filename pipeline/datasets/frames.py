"""Which frames of a video are kept, and which get a pseudo-annotation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pipeline.datasets.video import Frame, Video, read_frames, uniform_frames
from pipeline.runtime.params import Params


class PrepareFramesParams(Params):
    """What is kept of each video.

    Attributes:
        max_side: longer side of a kept frame in pixels at most; null keeps the size.
        step: every ``step``-th frame is kept, key frames always.
        key_frames: frames spread evenly over the video that get a pseudo-annotation.
        annotated_keys: frames with an annotation on disk are key frames, too, so that there is
            something to measure where few are annotated (A2D); only their numbers are used here.
        codec: ``jpeg`` (quality 95) or ``png`` (without loss).
    """

    max_side: int | None = Field(None, ge=32)
    step: int = Field(1, ge=1)
    key_frames: int = Field(20, ge=1)
    annotated_keys: bool = True
    codec: Literal["jpeg", "png"] = "jpeg"


def prepared_frames(
    video: Video, params: PrepareFramesParams
) -> tuple[dict[int, Frame], tuple[int, ...]]:
    """Kept frames (H W 3, RGB) by number, and the numbers of the key frames.

    Raises:
        InputError: the video cannot be decoded whole.
    """
    decoded = list(read_frames(video, params.max_side))
    wanted = video.annotations if params.annotated_keys else ()
    annotated = {n for n in wanted if n < len(decoded)}
    keys = tuple(sorted({*uniform_frames(len(decoded), params.key_frames), *annotated}))
    kept = sorted({*range(0, len(decoded), params.step), *keys})
    return {n: decoded[n] for n in kept}, keys
