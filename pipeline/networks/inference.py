"""Frames through networks: batches of uint8 frames in, logits, margins and labels out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.networks.base import Segmenter

Rule = Literal["foreground", "argmax"]


def frames_tensor(images: npt.NDArray[np.uint8], device: torch.device) -> Tensor:
    """T H W 3 uint8 to T 3 H W float in 0..255."""
    return torch.from_numpy(np.ascontiguousarray(images)).to(device).permute(0, 3, 1, 2).float()


def clip_tensor(images: npt.NDArray[np.uint8], device: torch.device) -> Tensor:
    """T H W 3 uint8 to one clip, 1 3 T H W float in 0..255."""
    return frames_tensor(images, device).permute(1, 0, 2, 3).unsqueeze(0)


def device_of(model: nn.Module) -> torch.device:
    """Where the model's first parameter lies."""
    return next(model.parameters()).device


@dataclass(frozen=True)
class Segmentation:
    """A segmenter's answer for the frames of one video.

    Attributes:
        margin: T H W, log odds of foreground against background (natural logarithm).
        labels: T H W, the best allowed foreground label at each pixel.
        classes: T A H W, the logits of the allowed labels, where they were asked for.
    """

    margin: npt.NDArray[np.float32]
    labels: npt.NDArray[np.uint8]
    classes: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Decoding:
    """How labels are decoded from logits.

    Attributes:
        rule: what has to be more probable than the background: ``argmax``: the best allowed class;
            ``foreground``: all classes together (ours). The best allowed class is named.
        allowed: labels the video's tags allow (1..K-1); None allows all.
    """

    rule: Rule
    allowed: Sequence[int] | None = None


def margin_and_class(logits: Tensor, decoding: Decoding) -> tuple[Tensor, Tensor]:
    """Foreground margin, and the logits among which the class is chosen.

    Args:
        logits: B K H W, channel 0 the background.
        decoding: the rule.

    Returns:
        Margin B H W (log odds), class logits B A H W in the order of ``decoding.allowed``.
    """
    classes = logits[:, 1:]
    chosen = classes if decoding.allowed is None else logits[:, list(decoding.allowed)]
    if decoding.rule == "foreground":
        foreground = torch.logsumexp(classes, dim=1)
    else:
        foreground = chosen.amax(dim=1)
    return foreground - logits[:, 0], chosen


def share_probs(margin: Tensor, classes: Tensor, shift: Tensor | None = None) -> Tensor:
    """Probabilities B 1+A H W of the background and of each allowed label, of sum 1.

    The foreground probability is the sigmoid of the margin; the allowed classes share it by the
    softmax of their logits.

    Args:
        margin: B H W, see :func:`margin_and_class`.
        classes: B A H W, the logits of the allowed labels.
        shift: A, background bias at the pixels where each allowed label is the best; None for none.
    """
    if shift is not None:
        margin = margin - shift[classes.argmax(dim=1)]
    foreground = torch.sigmoid(margin).unsqueeze(1)
    return torch.cat([1 - foreground, foreground * torch.softmax(classes, dim=1)], dim=1)


def segment_frames(
    model: Segmenter,
    images: npt.NDArray[np.uint8],
    decoding: Decoding,
    vectors: Tensor | None = None,
    batch: int = 8,
    keep_classes: bool = False,
) -> Segmentation:
    """Segment frames at their full size.

    Args:
        model: a segmenter in evaluation mode.
        images: T H W 3, RGB.
        decoding: the rule; an empty list of allowed labels gives background only.
        vectors: T C, the clip vectors of the frames, for a segmenter that looks at clips.
        batch: frames at a time.
        keep_classes: whether the answer has the logits of the allowed labels, too.
    """
    size = images.shape[1:3]
    allowed = range(1, model.num_classes) if decoding.allowed is None else decoding.allowed
    names = np.array(allowed, dtype=np.uint8)
    if len(names) == 0:
        return Segmentation(
            np.full((len(images), *size), -np.inf, np.float32),
            np.zeros((len(images), *size), np.uint8),
        )
    margins, labels, kept = [], [], []
    for margin, classes in _answers(model, images, decoding, vectors, batch):
        margins.append(margin.cpu().numpy())
        labels.append(names[classes.argmax(dim=1).cpu().numpy()])
        if keep_classes:
            kept.append(classes.cpu().numpy())
    logits = np.concatenate(kept) if keep_classes else None
    return Segmentation(np.concatenate(margins), np.concatenate(labels), logits)


@torch.no_grad()
def _answers(
    model: Segmenter,
    images: npt.NDArray[np.uint8],
    decoding: Decoding,
    vectors: Tensor | None,
    batch: int,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Margin B H W and class logits B A H W at the size of the frames, some frames at a time."""
    device = device_of(model)
    for start in range(0, len(images), batch):
        x = model.normalise(frames_tensor(images[start : start + batch], device))
        beside = None if vectors is None else vectors[start : start + batch]
        margin, classes = margin_and_class(model.coarse_logits(x, beside), decoding)
        full = F.interpolate(
            torch.cat([margin.unsqueeze(1), classes], dim=1).float(),
            size=images.shape[1:3],
            mode="bilinear",
            align_corners=False,
        )
        yield full[:, 0], full[:, 1:]
