"""VSCR: contrastive relations and the head's own loss, on frames with and without labels.

Duan et al., Sec. 3.2 and 3.3. Frames whose video has one tag carry the pseudo-annotation made from
activation maps (D_c); frames of videos with no tag, or with several, carry none (D_u): their edges
and tags teach all the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.artifacts.edge_segments import EdgeSegments
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.datasets.taxonomy import IGNORE
from pipeline.datasets.video import spread
from pipeline.networks.segmenters import SegmenterParams
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import Params
from pipeline.training.augment import AugmentParams
from pipeline.training.batches import Batch, SampledBatches
from pipeline.training.kept import Kept
from pipeline.training.losses import batch_output, label_loss
from pipeline.training.relations import RelationParams, relation_losses
from pipeline.training.samples import FrameKey, FrameMap, FrameReader

OUTSIDE = -1  # edge segment of what is no frame


class ContrastiveParams(Params):
    """VSCR's objective.

    Attributes:
        relations: concentrations and weights of the three relations, clusters.
        head: weight of the head's cross-entropy on the labels. The paper prints no loss of the
            head, but without one it learns nothing.
        labelled_share: share of each video's pseudo-annotations that are used (Table 5); frames
            that lose theirs belong to the unlabelled ones.
        unlabelled: whether frames without labels take part (Table 3).
    """

    relations: RelationParams = RelationParams()
    head: float = Field(default=1.0, ge=0)
    labelled_share: float = Field(default=1.0, gt=0, le=1)
    unlabelled: bool = True


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
    """Random crops of labelled and unlabelled key frames of the training videos, all alike likely.

    Args:
        frames: images and tags.
        labels: pseudo-annotations.
        edges: edge segments of all key frames.
        keys: the selected frames.
        network: says which clips it wants.
        augment: random crops.
        params: which frames are labelled.
        seed: of the batches.
        size: samples in a batch.

    Raises:
        InputError: no selected frame is of a video with one tag, or the edge relation has no edges.
    """

    def __init__(
        self,
        frames: Frames,
        labels: LabelMaps,
        edges: EdgeSegments,
        keys: Sequence[FrameKey],
        network: SegmenterParams,
        augment: AugmentParams,
        params: ContrastiveParams,
        seed: int,
        size: int,
    ) -> None:
        super().__init__(seed, size)
        self.frames = frames
        self.labels, self.segments = Kept(labels.labels), Kept(edges.segments)
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
        self.segmented = bool(edges.videos)
        if params.relations.weight.edge > 0 and not self.segmented:
            raise InputError(
                "the edge relation needs edge segments: set detect_edges (the recipe vscr does), "
                "or train_segmenter.objective.contrastive.relations.weight.edge=0"
            )

    def sample(self, rng: np.random.Generator) -> Batch:
        """``images``, ``labels`` (255 in D_u), ``segments``, ``clips``: see :class:`FrameReader`.

        And ``tags`` K: the labels of the video's tags; the background's for none at all.
        """
        video, number = self.keys[int(rng.integers(len(self.keys)))]
        shape = self.frames.size(video)
        labels, segments = np.full(shape, IGNORE, np.uint8), np.zeros(shape, np.int32)
        if (video, number) in self.labelled:
            labels = self.labels(video, number)
        if self.segmented:
            segments = self.segments(video, number)
        maps = {"labels": FrameMap(labels, IGNORE), "segments": FrameMap(segments, OUTSIDE)}
        return self.reader.read(video, number, maps, rng) | {"tags": self._tags(video)}

    def _tags(self, video: str) -> Tensor:
        taxonomy = self.frames.taxonomy
        tags = torch.zeros(len(taxonomy.pairs) + 1, dtype=torch.bool)
        tags[list(taxonomy.labels(self.frames.tags(video))) or [0]] = True
        return tags


def contrastive_loss(params: ContrastiveParams, model: nn.Module, batch: Batch) -> Tensor:
    """VSCR Eq. 4 plus the head's cross-entropy on the labelled pixels.

    Eq. 3's indicators are in the labels: unlabelled frames hold 255 alone, which neither the
    relation of activation maps nor the head's loss looks at.

    Args:
        params: weights.
        model: a two-stream segmenter, perhaps wrapped.
        batch: of :class:`ContrastiveBatches`.
    """
    output = batch_output(model, batch)
    if output.embeddings is None:
        raise InputError(
            "the objective relations needs embeddings: set train_segmenter.network.two_stream"
        )
    size = output.embeddings.shape[2:]
    losses = relation_losses(
        output.embeddings.float(),
        at_positions(batch["segments"], size),
        at_positions(batch["labels"], size),
        batch["tags"],
        params.relations,
    )
    head = label_loss(output.logits, batch["labels"])
    return losses.total(params.relations.weight) + params.head * head


def at_positions(maps: Tensor, size: Sequence[int]) -> Tensor:
    """Numbers B H W at the positions of a coarser map, B h w: those in the middle of each."""
    found = F.interpolate(maps[:, None].float(), size=tuple(size), mode="nearest-exact")
    return found[:, 0].long()
