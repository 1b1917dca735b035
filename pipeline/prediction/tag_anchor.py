"""Tag anchor: keeps the tags of a video apart from version to version (ours).

Where a video has several tags, a network that knows some classes better than others, or hardly
knows its classes yet, tends to give all of its foreground to one of them, and the next network
learns that. So each tag keeps the share of the video's foreground that it had in the version
before. The answers are corrected as those of any classifier are whose classes have become more or
less frequent (Saerens, Latinne and Decaestecker, Neural Computation 2002): each probability is
multiplied by a weight of its class, here the weights with which the mean probabilities are the
wanted shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.networks.inference import Segmentation

Floats = npt.NDArray[np.float64]

_STEP = 4  # every fourth row and column: logits are smooth, they come from coarser maps
_ROUNDS, _TOLERANCE = 200, 1e-4


def tag_shares(labels: npt.NDArray[np.uint8], tags: Sequence[int]) -> Floats:
    """Share ``A`` of each tag in the labels (any shape) that one of the ``tags`` has, of sum 1.

    One pixel is added to each: a video shows all of its tags, so none has the share 0.
    """
    counts = np.bincount(labels.ravel(), minlength=256)[list(tags)] + 1.0
    return np.asarray(counts / counts.sum())


def offsets_for_shares(
    logits: npt.NDArray[np.floating[Any]], mass: npt.NDArray[np.floating[Any]], shares: Floats
) -> Floats:
    """Offsets ``A`` of the logits with which the mean probabilities are ``shares``.

    Found by turns: each class's weight is multiplied by how much its mean is short of its share.

    Args:
        logits: ``N A`` of the classes among which each of N pixels is divided.
        mass: ``N``, how much each pixel counts, >= 0 and not all 0.
        shares: ``A``, positive, of sum 1.

    Raises:
        ValueError: the shapes differ, or the shares are not positive.
    """
    if logits.shape != (len(mass), len(shares)) or not (shares > 0).all():
        raise ValueError(
            f"expected logits N A, mass N and positive shares A, received {logits.shape}, "
            f"{mass.shape} and {shares}"
        )
    probs = np.exp(logits - logits.max(axis=1, keepdims=True)).astype(np.float64)
    share_of = mass.astype(np.float64) / mass.sum(dtype=np.float64)
    weights = np.ones(len(shares))
    for _ in range(_ROUNDS):
        weighted = probs * weights
        means = share_of @ (weighted / weighted.sum(axis=1, keepdims=True))
        if np.abs(means - shares).max() < _TOLERANCE:
            break
        weights *= shares / np.maximum(means, np.finfo(np.float64).tiny)
    return np.asarray(np.log(weights))


def anchor_tags(
    answer: Segmentation, tags: Sequence[int], before: npt.NDArray[np.uint8]
) -> Segmentation:
    """A video's answer with the best of its ``tags`` at each pixel, after the correction.

    Args:
        answer: of all frames of the video, with the logits of its ``tags``.
        tags: A labels.
        before: label maps in the version before, whose :func:`tag_shares` the foreground keeps;
            each pixel of it counts by its probability.

    Raises:
        ValueError: the answer has no logits.
    """
    if answer.classes is None:
        raise ValueError("expected an answer with the logits of its classes, received one without")
    seen = answer.classes[..., ::_STEP, ::_STEP]  # T A h w
    mass = replace(answer, margin=answer.margin[:, ::_STEP, ::_STEP]).probs()
    logits = np.moveaxis(seen, 1, -1).reshape(-1, len(tags))
    offsets = offsets_for_shares(logits, mass.ravel(), tag_shares(before, tags))
    best = (answer.classes + offsets[:, None, None]).argmax(axis=1)
    return replace(answer, labels=np.array(tags, np.uint8)[best])
