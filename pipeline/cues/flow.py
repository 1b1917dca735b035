"""Optical flow between frames; the operations on it are in `vision/warping.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from pipeline.datasets.video import fitted_size
from pipeline.runtime.params import Params
from pipeline.vision.warping import Flow

if TYPE_CHECKING:
    from pipeline.networks.raft import Raft

Image = npt.NDArray[np.uint8]
Method = Literal["dis", "farneback", "raft"]
Preset = Literal["ultrafast", "fast", "medium"]


class FlowParams(Params):
    """Optical flow.

    Attributes:
        method: ``dis`` (Kroeger et al. 2016) or ``farneback`` (2003), both by OpenCV; ``raft``
            (Teed and Deng 2020) by torchvision.
        preset: of ``dis``.
        weights: of ``raft``: file of a state dict; null downloads torchvision's.
        pairs: flow between neighbouring ``frames``, or between neighbouring ``key_frames``.
        backward: whether the flow to the frame before is wanted, too (for a consistency check).
        max_side: longer side at most, in pixels, at which flow is estimated and stored; null keeps
            the size of the frames.
    """

    method: Method = "dis"
    preset: Preset = "medium"
    weights: str | None = None
    pairs: Literal["frames", "key_frames"] = "frames"
    backward: bool = False
    max_side: int | None = Field(default=None, ge=32)

    @model_validator(mode="after")
    def _weights_go_with_raft(self) -> FlowParams:
        if self.weights is not None and self.method != "raft":
            raise ValueError(f"weights are for method raft, not for {self.method}")
        return self


def estimate(first: Image, second: Image, params: FlowParams, device: str = "cpu") -> Flow:
    """Flow from ``first`` to ``second``, both ``H W 3`` RGB, at their size.

    The result of ``dis`` depends on the number of OpenCV's threads, which share the frame: fix it.

    Raises:
        ValueError: the frames differ in size or are not ``H W 3``.
        InputError: weights of ``raft`` that cannot be read or downloaded.
    """
    if first.shape != second.shape or first.ndim != 3 or first.shape[2] != 3:
        raise ValueError(
            f"expected two frames H W 3 of one size, received {first.shape} and {second.shape}"
        )
    return METHODS[params.method](first, second, params, device)


def estimate_all(
    images: Iterable[Image], params: FlowParams, device: str = "cpu"
) -> tuple[list[Flow], list[Flow]]:
    """Flow between each of T frames and the next, at ``params.max_side``.

    Args:
        images: frames ``H W 3`` RGB of one size, read one after the other.
        params: method, whether backward flow is wanted; ``pairs`` is the caller's choice of frames.
        device: of ``raft``, as torch names it.

    Returns:
        T - 1 flows from a frame to the next, and as many from the next back, none of which is
        estimated unless ``params.backward``.
    """
    forward: list[Flow] = []
    backward: list[Flow] = []
    before: Image | None = None
    for image in images:
        height, width = fitted_size(image.shape[0], image.shape[1], params.max_side)
        if (height, width) != image.shape[:2]:
            image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA))
        if before is not None:
            forward.append(estimate(before, image, params, device))
            if params.backward:
                backward.append(estimate(image, before, params, device))
        before = image
    return forward, backward


def _dis(first: Image, second: Image, params: FlowParams, device: str) -> Flow:
    presets = {
        "ultrafast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
        "fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
        "medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
    }
    engine: Any = cv2.DISOpticalFlow.create(presets[params.preset])
    return np.asarray(engine.calc(_grey(first), _grey(second), None), np.float32)


def _farneback(first: Image, second: Image, params: FlowParams, device: str) -> Flow:
    start = np.zeros((*first.shape[:2], 2), np.float32)
    found = cv2.calcOpticalFlowFarneback(
        *(_grey(first), _grey(second), start),
        pyr_scale=0.5,
        levels=4,
        winsize=15,
        iterations=3,
        poly_n=5,
        poly_sigma=1.1,
        flags=0,
    )
    return np.asarray(found, np.float32)


def _raft(first: Image, second: Image, params: FlowParams, device: str) -> Flow:
    return _raft_network(params.weights, device).flow(first, second)


@lru_cache(maxsize=1)
def _raft_network(weights: str | None, device: str) -> Raft:
    from pipeline.networks.raft import load_raft  # torch takes seconds, and the others need none

    return load_raft(weights, device)


def _grey(image: Image) -> Image:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


METHODS: dict[Method, Callable[[Image, Image, FlowParams, str], Flow]] = {
    "dis": _dis,
    "farneback": _farneback,
    "raft": _raft,
}
