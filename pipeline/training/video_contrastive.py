"""Frames with and without labels for VSCR's objective: D_c and D_u of Sec. 3.3."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from pipeline.artifacts.edge_segments import EdgeSegments
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.datasets.taxonomy import IGNORE
from pipeline.datasets.video import spread
from pipeline.networks.segmenters import SegmenterParams
from pipeline.runtime.errors import InputError
from pipeline.training.augment import AugmentParams
from pipeline.training.batches import Batch, SampledBatches
from pipeline.training.contrastive import ContrastiveParams
from pipeline.training.read_samples import FrameKey, FrameMap, FrameReader

OUTSIDE = -1  # edge segment of pixels outside the frame


def labelled_frames(frames: Frames, keys: Sequence[FrameKey], share: float) -> list[FrameKey]:
    """D_c: the selected frames of videos with one tag; of each video a share, spread evenly."""
    of_video: dict[str, list[int]] = {}
    for video, number in sorted(keys):
        if len(frames.tags(video)) == 1:
            of_video.setdefault(video, []).append(number)
    return [
        (video, number)
        for video, numbers in of_video.items()
        for number in spread(numbers, max(round(share * len(numbers)), 1))
    ]


class ContrastiveBatches(SampledBatches):
    """Random crops of labelled and unlabelled training key frames, all equally likely.

    Args:
        frames: images and tags.
        labels: pseudo-annotations.
        edges: edge segments of all key frames; None where the recipe has none.
        keys: the selected frames.
        network: says which clips it wants.
        augment: random crops.
        params: which frames are labelled.
        seed: of the batches.
        size: samples in a batch.

    Raises:
        InputError: no selected frame is of a video with one tag.
    """

    def __init__(
        self,
        frames: Frames,
        labels: LabelMaps,
        edges: EdgeSegments | None,
        keys: Sequence[FrameKey],
        network: SegmenterParams,
        augment: AugmentParams,
        params: ContrastiveParams,
        seed: int,
        size: int,
    ) -> None:
        super().__init__(seed, size)
        self.frames = frames
        self.labels, self.edges = labels, edges
        self.reader = FrameReader(frames, augment, network.motion)
        self.labelled = set(labelled_frames(frames, keys, params.labelled_share))
        if not self.labelled:
            raise InputError(
                "no selected pseudo-annotation is of a video with one tag; the objective relations "
                "has no labels to learn from"
            )
        self.keys = sorted(self.labelled)
        if params.unlabelled:
            train = frames.of_split("train")
            self.keys = [(video, n) for video in train for n in frames.key_frames(video)]

    def sample(self, rng: np.random.Generator) -> Batch:
        """``images``, ``labels`` (255 in D_u), ``segments``, ``clips``: see :class:`FrameReader`.

        And ``tags`` K: the labels of the video's tags; the background's if it has none.
        """
        video, number = self.keys[int(rng.integers(len(self.keys)))]
        shape = self.frames.size(video)
        labels, segments = np.full(shape, IGNORE, np.uint8), np.zeros(shape, np.int32)
        if (video, number) in self.labelled:
            labels = self.labels.labels(video, number)
        if self.edges is not None:
            segments = self.edges.segments(video, number)
        maps = {"labels": FrameMap(labels, IGNORE), "segments": FrameMap(segments, OUTSIDE)}
        return self.reader.read(video, number, maps, rng) | {"tags": self._tags(video)}

    def _tags(self, video: str) -> Tensor:
        taxonomy = self.frames.taxonomy
        tags = torch.zeros(len(taxonomy.pairs) + 1, dtype=torch.bool)
        tags[list(taxonomy.labels(self.frames.tags(video))) or [0]] = True
        return tags
