"""Attention maps of the key frames of a video, from frame and from clip classifiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from pipeline.cues.cam import multi_scale_cam
from pipeline.cues.grad_cam import class_maps, normalise_maps
from pipeline.cues.positions import cover_frame, interpolate_in_time
from pipeline.networks.base import Classifier
from pipeline.networks.inference import clip_tensor, device_of, frames_tensor
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import Params

MapStack = npt.NDArray[np.float32]


class CamParams(Params):
    """Attention maps of one classifier.

    Attributes:
        method: ``cam``, which gives the scores of all classes, too; ``grad_cam`` or ``grad_cam++``.
        layer: a named layer of the network; null is the last one. Not with ``cam``.
        scales: with ``cam`` of frames: factors on their size; the maximum over all of them counts.
        flip: and over their mirror images.
        above: with ``cam`` of frames: a class that the video is not tagged with gets maps, too, if
            its score exceeds this in some key frame; null for the tags alone.
    """

    method: Literal["cam", "grad_cam", "grad_cam++"] = "grad_cam"
    layer: str | None = None
    scales: tuple[Annotated[float, Field(ge=0.1, le=4)], ...] = Field((1.0,), min_length=1)
    flip: bool = False
    above: float | None = Field(None, ge=0, lt=1)

    @model_validator(mode="after")
    def _parts_fit(self) -> CamParams:
        only_cam = self.scales != (1.0,) or self.flip or self.above is not None
        if only_cam and self.method != "cam":
            raise ValueError("scales, flip and above need method cam")
        if self.layer is not None and self.method == "cam":
            raise ValueError("method cam takes the last layer: set layer to null")
        return self


def frame_maps(
    model: Classifier,
    images: npt.NDArray[np.uint8],
    classes: Sequence[int],
    params: CamParams,
    batch: int = 8,
) -> tuple[MapStack, MapStack | None]:
    """Maps of each frame by a frame classifier (CAM or 2D Grad-CAM).

    Args:
        model: in evaluation mode.
        images: T H W 3, RGB.
        classes: numbers of the classes, at least one.
        params: method and what belongs to it.
        batch: frames at a time.

    Returns:
        Maps T C h w, each scaled to [0, 1] by its maximum, and with ``cam`` the logits T K.
    """
    device = device_of(model)
    parts, logits = [], []
    for start in range(0, len(images), batch):
        x = model.normalise(frames_tensor(images[start : start + batch], device))
        if params.method == "cam":
            answer = multi_scale_cam(model, x, params.scales, params.flip)
            maps = answer.maps[:, list(classes)]
            logits.append(answer.logits.float().cpu().numpy())
        else:
            maps = class_maps(model, x, classes, params.method, params.layer)
            maps = cover_frame(maps, model.layer(params.layer), *images.shape[1:3])
        parts.append(normalise_maps(maps).float().cpu().numpy())
    return np.concatenate(parts), np.concatenate(logits) if logits else None


def answering_classes(
    tagged: Sequence[int], scores: npt.NDArray[np.floating[Any]], above: float
) -> list[int]:
    """The tagged classes, and those whose score (T K) exceeds ``above`` in some frame; sorted."""
    return sorted({*tagged, *np.flatnonzero(scores.max(axis=0) > above).tolist()})


def clip_maps(
    model: Classifier,
    clips: Sequence[tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]],
    frames: npt.NDArray[np.int64],
    classes: Sequence[int],
    params: CamParams,
) -> MapStack:
    """Maps of wanted frames by a clip classifier (3D Grad-CAM, WS2 Eq. 4 and 5).

    Args:
        model: in evaluation mode.
        clips: of each clip the images T H W 3 and their frame numbers T, in order of time.
        frames: N, the frames wanted. Each takes its maps from the clip whose middle is nearest.
        classes: numbers of the classes, at least one.
        params: method and layer.

    Returns:
        N C h w, scaled to [0, 1] by the maximum over all maps of a clip and class, so that a frame
        without the action stays dark beside one with it.

    Raises:
        InputError: the method is for frames only.
    """
    if params.method == "cam":
        raise InputError("the cue action: method cam is for frames; choose grad_cam for clips")
    middles = np.array([(numbers[0] + numbers[-1]) / 2 for _, numbers in clips])
    nearest = np.abs(frames[:, None] - middles[None]).argmin(axis=1)
    result: dict[int, MapStack] = {}
    layer = model.layer(params.layer)
    for index, (images, numbers) in enumerate(clips):
        wanted = frames[nearest == index]
        if len(wanted) == 0:
            continue
        x = model.normalise(clip_tensor(images, device_of(model)))
        maps = class_maps(model, x, classes, params.method, params.layer)[0]  # C T' h w
        maps = cover_frame(maps, layer, *images.shape[1:3])
        scaled = normalise_maps(maps, axes=3).float().cpu().numpy()
        in_time = np.stack([interpolate_in_time(m, layer, numbers, wanted) for m in scaled], axis=1)
        result |= dict(zip(wanted.tolist(), in_time, strict=True))
    return np.stack([result[n] for n in frames.tolist()])
