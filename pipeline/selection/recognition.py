"""The relaxed test of WS2: whether the actor classifier recognises the cut-out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from pipeline.networks.base import Classifier
from pipeline.networks.inference import device_of, frames_tensor


@torch.no_grad()
def recognition(
    model: Classifier, alone: npt.NDArray[np.uint8], classes: npt.NDArray[np.int64], batch: int = 64
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """The relaxed test of WS2 (Sec. 3.2): whether the classifier names the tagged actor.

    Args:
        model: the frozen actor classifier, in evaluation mode.
        alone: N S S 3, the cut-outs.
        classes: N, number of the tagged actor of each.
        batch: patches at a time.

    Returns:
        Probabilities N of the tagged actor, and whether it is the most probable class.
    """
    parts = []
    for start in range(0, len(alone), batch):
        x = model.normalise(frames_tensor(alone[start : start + batch], device_of(model)))
        parts.append(torch.softmax(model(x).float(), dim=1).cpu().numpy())
    if not parts:
        return np.zeros(0), np.zeros(0, bool)
    probs = np.concatenate(parts).astype(np.float64)
    return probs[np.arange(len(alone)), classes], probs.argmax(axis=1) == classes
