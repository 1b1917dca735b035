"""Training samples of a segmenter: a frame, the maps that belong to it, the clip around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from pipeline.artifacts.frames import Frames
from pipeline.datasets.clips import ClipInput, clip_around, clip_frames, resize_short_side
from pipeline.training.augment import AugmentParams, draw_crop
from pipeline.training.batches import Batch

FrameKey = tuple[str, int]  # video, frame number


class FrameMap(NamedTuple):
    """A map of numbers H W that belongs to a frame, and the number of pixels outside the frame."""

    values: npt.NDArray[Any]
    outside: int


class FrameReader:
    """Reads random crops of frames.

    Args:
        frames: images of all videos.
        augment: the crops.
        clip: clips that the network wants beside each frame; None for none.
    """

    def __init__(self, frames: Frames, augment: AugmentParams, clip: ClipInput | None) -> None:
        self.frames = frames
        self.augment = augment
        self.clip = clip

    def read(
        self, video: str, number: int, maps: Mapping[str, FrameMap], rng: np.random.Generator
    ) -> Batch:
        """One crop of a frame, of its maps and of its clip: the same place, mirroring and hue.

        Returns:
            ``images`` 3 h w, uint8; each map under its name, h w, int64; with a clip ``clips``
            3 T h' w', uint8.
        """
        image = self.frames.image(video, number)
        crop = draw_crop(image.shape[0], image.shape[1], rng, self.augment)
        sample = {"images": _channels_first(crop.images(image[None]))[:, 0]}
        for name, (values, outside) in maps.items():
            sample[name] = torch.from_numpy(crop.labels(values, outside)).long()
        if self.clip is not None:
            numbers = self._clip_frames(video, number)
            clip = crop.images(np.stack([self.frames.image(video, n) for n in numbers]))
            sample["clips"] = _channels_first(resize_short_side(clip, self.clip.side))
        return sample

    def _clip_frames(self, video: str, number: int) -> list[int]:
        assert self.clip is not None
        stored = self.frames.frames(video)
        start = clip_around(len(stored), self.clip.clip, stored.index(number))
        return [stored[i] for i in clip_frames(len(stored), self.clip.clip, start)]


def _channels_first(images: npt.NDArray[np.uint8]) -> torch.Tensor:
    """T H W 3 to 3 T H W."""
    return torch.from_numpy(images).permute(3, 0, 1, 2)
