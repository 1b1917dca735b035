"""Action prior: the action maps of a video's tags speak in every version (ours).

A segmenter looks at single frames. They hardly show which of an actor's actions is done where, nor
that a kennel, which tells the class as well as its dog does, only stands there. The action
classifier looks at clips, and its maps say where in a frame each tagged action is; WS2 asks them
for PA.v0 and then no more. Here they stay beside the network: the map of a tag's action, times a
weight, is added to the logit of the tag's label wherever the tags of a video are known.

The labels that the tags allow share the foreground's probability by their logits z (as in
:func:`pipeline.networks.inference.share_probs`). With w m_c added to each, the share of label c is
multiplied by exp(w m_c), and so the odds of the foreground are by the mean of these factors:
sum_c softmax(z)_c exp(w m_c).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.maps import Maps
from pipeline.networks.inference import Segmentation
from pipeline.vision.resizing import at_full_size

Floats = npt.NDArray[np.float32]


def action_maps(
    maps: Maps, frames: Frames, video: str, numbers: Sequence[int], labels: Sequence[int]
) -> Floats | None:
    """The map ``T A H W`` in [0, 1] of each label's action at the size of the frames.

    Args:
        maps: of the actions.
        frames: holds the video.
        video: its id.
        numbers: T frames.
        labels: A labels from 1 on. One without a map has 0 everywhere.

    Returns:
        None for a video without action maps: of an object data set, or a still image.
    """
    if video not in maps:
        return None
    height, width = frames.size(video)
    actions = [frames.taxonomy.pairs[label - 1][1] for label in labels]
    found = np.zeros((len(numbers), len(labels), height, width), np.float32)
    for of_frame, number in zip(found, numbers, strict=True):
        own = maps.maps(video, number)
        named = [(row, own[name]) for row, name in enumerate(actions) if name in own]
        of_frame[[row for row, _ in named]] = at_full_size([m for _, m in named], height, width)
    return found


def add_action_maps(
    answer: Segmentation, labels: Sequence[int], maps: Floats, weight: float
) -> Segmentation:
    """An answer with the maps added to the logits of its labels.

    Args:
        answer: of T frames; of two labels or more it has their logits.
        labels: the A labels that the tags allow, at least one.
        maps: ``T A H W``, see :func:`action_maps`.
        weight: w, >= 0: what a map's 1 adds to a logit.

    Raises:
        ValueError: the maps do not fit, or the answer lacks the logits.
    """
    frames, height, width = answer.margin.shape
    if maps.shape != (frames, len(labels), height, width):
        raise ValueError(
            f"expected maps {(frames, len(labels), height, width)}, received {maps.shape}"
        )
    added = np.float32(weight) * maps
    if len(labels) == 1:
        return Segmentation(answer.margin + added[:, 0], answer.labels, answer.classes)
    if answer.classes is None:
        raise ValueError("expected an answer with the logits of its labels, received one without")
    classes = answer.classes + added
    raised = logsumexp(classes, axis=1) - logsumexp(answer.classes, axis=1)
    best = np.array(labels, np.uint8)[classes.argmax(axis=1)]
    return Segmentation((answer.margin + raised).astype(np.float32), best, classes)
