"""Stage 1 of WS2: actor and action classifiers from video tags (Sec. 4, 5.2).

The actor classifier sees frames, the action classifier clips. Trained with a softmax on the videos
with one actor (one action), as in the paper, or with a sigmoid for each class on all videos.
Videos without any tag, where the data set has them, are one more class, ``nothing``: without it a
class can be learned as the absence of the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.artifacts.frames import Frames
from pipeline.datasets.clips import ClipParams, clip_frames, clip_starts, resize_short_side
from pipeline.datasets.taxonomy import Tag
from pipeline.networks.base import Classifier
from pipeline.networks.classifiers import ClipClassifierName, FrameClassifierName
from pipeline.networks.inference import clip_tensor, device_of, frames_tensor
from pipeline.networks.weights import WeightsParams
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import Params
from pipeline.training.augment import AugmentParams, augment
from pipeline.training.batches import Batch, SampledBatches
from pipeline.training.kept import Kept
from pipeline.training.optimisation import FitParams

Branch = Literal["actor", "action"]
NOTHING = "nothing"


class ClassifierParams(Params):
    """A classifier and its training.

    Attributes:
        network: a name of :data:`pipeline.networks.classifiers.CLASSIFIERS`.
        weights: where the weights come from at first.
        side: shorter side of a frame in pixels before anything else; null keeps the stored size.
        clip: frames of a clip; null for a network that takes single frames.
        loss: ``softmax`` on videos with one class, ``sigmoid`` on all videos.
        augment: random crops and colours.
        fit: optimisation.
    """

    network: Literal[FrameClassifierName, ClipClassifierName]
    weights: WeightsParams = WeightsParams()
    side: int | None = Field(None, ge=16)
    clip: ClipParams | None = None
    loss: Literal["softmax", "sigmoid"] = "softmax"
    augment: AugmentParams = AugmentParams()
    fit: FitParams

    @model_validator(mode="after")
    def _clips_go_with_clip_networks(self) -> ClassifierParams:
        takes_clips = self.network in get_args(ClipClassifierName)
        if takes_clips != (self.clip is not None):
            needed = "clips: set clip" if takes_clips else "single frames: set clip to null"
            raise ValueError(f"network {self.network} takes {needed}")
        return self


def branch_classes(tags: Mapping[str, frozenset[Tag]], branch: Branch) -> list[str]:
    """Classes of a branch, sorted; ``nothing`` last where some video has no tag."""
    names = sorted({tag[0 if branch == "actor" else 1] for t in tags.values() for tag in t})
    return [*names, NOTHING] if any(not t for t in tags.values()) else names


def class_numbers(tags: frozenset[Tag], branch: Branch, classes: Sequence[str]) -> list[int]:
    """Numbers of the classes that a video's tags name, sorted."""
    names = {tag[0 if branch == "actor" else 1] for tag in tags} or {NOTHING}
    return sorted(classes.index(name) for name in names if name in classes)


@dataclass(frozen=True)
class LabelledVideo:
    """One video of a classifier's training or evaluation set."""

    id: str
    classes: tuple[int, ...]


def labelled_videos(
    frames: Frames, split: str, branch: Branch, classes: Sequence[str], params: ClassifierParams
) -> list[LabelledVideo]:
    """Videos of a split with their classes; with a softmax those with exactly one."""
    found = [
        LabelledVideo(v, tuple(class_numbers(frames.tags(v), branch, classes)))
        for v in frames.of_split(split)
    ]
    return [v for v in found if len(v.classes) == 1 or (params.loss == "sigmoid" and v.classes)]


class ClassifierBatches(SampledBatches):
    """Random frames or clips: a class, then one of its videos, then a place in the video."""

    def __init__(
        self,
        frames: Frames,
        videos: Sequence[LabelledVideo],
        num_classes: int,
        params: ClassifierParams,
        seed: int,
    ) -> None:
        super().__init__(seed, params.fit.batch)
        if not videos:
            raise InputError("no training video has exactly one class; nothing to train on")
        self.frames = frames
        self.num_classes = num_classes
        self.params = params
        self.images = Kept(self._images)
        self.numbers = {v.id: frames.frames(v.id) for v in videos}
        self.by_class = [
            members
            for k in range(num_classes)
            if (members := [v for v in videos if k in v.classes])
        ]

    def sample(self, rng: np.random.Generator) -> Batch:
        """``images`` 3 H W or 3 T H W, uint8; ``target`` K, 1 for each class of the video."""
        members = self.by_class[rng.integers(len(self.by_class))]
        video = members[rng.integers(len(members))]
        images = self.images(video.id, self._draw_frames(video.id, rng))
        images, _ = augment(images, None, rng, self.params.augment)
        tensor = torch.from_numpy(images).permute(3, 0, 1, 2)  # 3 T H W
        target = torch.zeros(self.num_classes)
        target[list(video.classes)] = 1
        return {"images": tensor if self.params.clip else tensor[:, 0], "target": target}

    def _draw_frames(self, video: str, rng: np.random.Generator) -> tuple[int, ...]:
        numbers, clip = self.numbers[video], self.params.clip
        if clip is None:
            return (numbers[rng.integers(len(numbers))],)
        start = int(rng.integers(max(len(numbers) - clip.frames * clip.step, 0) + 1))
        return tuple(numbers[i] for i in clip_frames(len(numbers), clip, start))

    def _images(self, video: str, numbers: tuple[int, ...]) -> npt.NDArray[np.uint8]:
        return resize_short_side(self.frames.images(video, numbers), self.params.side)


def classifier_loss(kind: str, model: nn.Module, batch: Batch) -> Tensor:
    """Cross-entropy of a batch: softmax over classes, or a sigmoid for each (mean over all)."""
    network: Any = getattr(model, "module", model)  # DDP wraps it
    logits = model(network.normalise(batch["images"].float()))
    if kind == "softmax":
        return F.cross_entropy(logits, batch["target"].argmax(dim=1))
    return F.binary_cross_entropy_with_logits(logits, batch["target"])


def class_scores(
    logits: npt.NDArray[np.floating[Any]], loss: Literal["softmax", "sigmoid"]
) -> npt.NDArray[np.float32]:
    """Logits N K to scores N K in [0, 1], by the function that belongs to the loss."""
    values = torch.from_numpy(np.asarray(logits, np.float32))
    scores = values.softmax(dim=1) if loss == "softmax" else values.sigmoid()
    return scores.numpy()


@torch.no_grad()
def video_logits(
    model: Classifier, frames: Frames, video: str, params: ClassifierParams
) -> npt.NDArray[np.float32]:
    """Logits N K of a video's key frames, or of the clips that cover it."""
    device = device_of(model)
    if params.clip is None:
        images = resize_short_side(frames.images(video, frames.key_frames(video)), params.side)
        logits = model(model.normalise(frames_tensor(images, device)))
        return logits.float().cpu().numpy()
    numbers = frames.frames(video)
    rows = []
    for start in clip_starts(len(numbers), params.clip):
        chosen = [numbers[i] for i in clip_frames(len(numbers), params.clip, start)]
        images = resize_short_side(frames.images(video, chosen), params.side)
        rows.append(model(model.normalise(clip_tensor(images, device))).float().cpu().numpy()[0])
    return np.stack(rows)


def accuracy(
    model: Classifier, frames: Frames, videos: Sequence[LabelledVideo], params: ClassifierParams
) -> float | None:
    """Share of key frames (actor) or clips (action) whose best class is a tagged one, in percent.

    None when there is no video to measure on.
    """
    right = [
        np.isin(video_logits(model, frames, v.id, params).argmax(axis=1), v.classes) for v in videos
    ]
    return 100 * float(np.concatenate(right).mean()) if right else None
