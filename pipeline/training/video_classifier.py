"""Videos for a classifier: training batches of frames or clips, answers for whole videos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from pipeline.artifacts.frames import Frames
from pipeline.datasets.classes import Branch, class_numbers
from pipeline.datasets.clips import clip_frames, clip_starts, resize_short_side
from pipeline.networks.base import Classifier
from pipeline.networks.inference import clip_tensor, device_of, frames_tensor
from pipeline.runtime.errors import InputError
from pipeline.training.augment import augment
from pipeline.training.batches import Batch, SampledBatches
from pipeline.training.classifier import ClassifierParams


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
        images = self._images(video.id, self._draw_frames(video.id, rng))
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
