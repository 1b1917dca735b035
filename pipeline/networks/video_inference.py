"""Videos through a segmenter: their frames, and the clips around them where it looks at motion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from pipeline.artifacts.frames import Frames
from pipeline.datasets.clips import clip_around, clip_frames, resize_short_side
from pipeline.networks.base import Segmenter
from pipeline.networks.inference import (
    Decoding,
    Rule,
    Segmentation,
    clip_tensor,
    device_of,
    segment_frames,
)


def segment_video(
    model: Segmenter,
    frames: Frames,
    video: str,
    numbers: Sequence[int],
    allowed: Sequence[int] | None,
    rule: Rule,
    keep_classes: bool = False,
) -> Segmentation:
    """Segment some frames of a video at their full size.

    Args:
        model: in evaluation mode.
        frames: holds the video.
        video: its id.
        numbers: of the frames.
        allowed: labels the prediction may take; None allows all.
        rule: see :class:`pipeline.networks.inference.Decoding`.
        keep_classes: whether the answer has the logits of the allowed labels, too.
    """
    vectors = clip_vectors(model, frames, video, numbers)
    images = frames.images(video, list(numbers))
    decoding = Decoding(rule, allowed)
    return segment_frames(model, images, decoding, vectors, keep_classes=keep_classes)


def segment_videos(
    model: Segmenter,
    frames: Frames,
    numbers: Mapping[str, Sequence[int]],
    rule: Rule,
    batch: int = 8,
    keep_classes: bool = False,
) -> Iterator[tuple[str, Segmentation]]:
    """Segment some frames of each of many videos, among the labels that its tags allow.

    Videos of one size and the same tags go through the network together: a few frames of a video
    alone would not fill a batch.

    Args:
        model: in evaluation mode.
        frames: holds the videos.
        numbers: of the frames, by video.
        rule: see :class:`pipeline.networks.inference.Decoding`.
        batch: frames at a time.
        keep_classes: whether the answers for videos of several tags have the logits of these, too.

    Yields:
        Each video with its answer, videos that are alike one after the other.
    """
    alike: dict[tuple[tuple[int, int], tuple[int, ...]], list[str]] = {}
    for video in numbers:
        allowed = tuple(frames.taxonomy.labels(frames.tags(video)))
        alike.setdefault((frames.size(video), allowed), []).append(video)
    for (_, allowed), videos in alike.items():
        decoding = Decoding(rule, allowed)
        keep = keep_classes and len(allowed) > 1
        for group in _filled(videos, numbers, batch):
            images = np.concatenate([frames.images(v, list(numbers[v])) for v in group])
            found = [clip_vectors(model, frames, v, numbers[v]) for v in group]
            known = [f for f in found if f is not None]
            vectors = torch.cat(known) if known else None
            answer = segment_frames(model, images, decoding, vectors, batch, keep)
            first = 0
            for video in group:
                own = slice(first, first := first + len(numbers[video]))
                classes = None if answer.classes is None else answer.classes[own]
                yield video, Segmentation(answer.margin[own], answer.labels[own], classes)


def _filled(
    videos: Sequence[str], numbers: Mapping[str, Sequence[int]], batch: int
) -> Iterator[list[str]]:
    """Videos in groups of at least ``batch`` frames, but for the last group."""
    group: list[str] = []
    for video in videos:
        group.append(video)
        if sum(len(numbers[v]) for v in group) >= batch:
            yield group
            group = []
    if group:
        yield group


@torch.no_grad()
def clip_vectors(
    model: Segmenter, frames: Frames, video: str, numbers: Sequence[int]
) -> Tensor | None:
    """Vectors N C of the clips around some frames; None for a segmenter that looks at no clips.

    Frames near one end of a video share a clip, which is encoded once.
    """
    wanted = model.clip_input
    if wanted is None:
        return None
    stored = frames.frames(video)
    starts = [clip_around(len(stored), wanted.clip, stored.index(n)) for n in numbers]
    vectors = {}
    for start in sorted(set(starts)):
        shown = [stored[i] for i in clip_frames(len(stored), wanted.clip, start)]
        images = resize_short_side(frames.images(video, shown), wanted.side)
        vectors[start] = model.encode_clips(clip_tensor(images, device_of(model)))[0]
    return torch.stack([vectors[start] for start in starts])
