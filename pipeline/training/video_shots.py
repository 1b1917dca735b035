"""Batches of the frames of one shot, with still images beside them (M-CNN, Section 4.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.datasets.taxonomy import IGNORE
from pipeline.datasets.video import uniform_frames
from pipeline.runtime.errors import InputError
from pipeline.runtime.reproducible import derive_seed
from pipeline.training.batches import Batch, Batches
from pipeline.training.read_samples import FrameKey, FrameMap, FrameReader
from pipeline.training.segmenter import TrainSegmenterParams, still_positions
from pipeline.training.shots import BOUNDARY, SEGMENT


class ShotBatches(Batches):
    """All frames of a batch but the still images are of one shot, in order of time.

    Every shot has its turn before one has its second. The frames of a shot share one random crop,
    flip and hue, since their colour mixtures are learned together.
    """

    def __init__(
        self,
        frames: Frames,
        motion: MotionSegments,
        keys: Sequence[FrameKey],
        params: TrainSegmenterParams,
        seed: int,
    ) -> None:
        super().__init__(seed, params.fit.batch)
        self.frames = frames
        self.motion = motion
        self.reader = FrameReader(frames, params.augment, params.network.motion)
        self.shots: dict[str, list[int]] = {}
        for video, number in sorted(keys):
            if video in motion:
                self.shots.setdefault(video, []).append(number)
        if not self.shots:
            raise InputError(
                "no shot with motion segments is selected; nothing to train on: lower "
                "select_pa.selection.motion.run or .least, or look at the motion segments"
            )
        self.stills: list[str] = []
        if params.still_images is not None:
            self.stills = [v for v in frames.tagged("train") if frames.is_still(v)]
        self.still_count = 0
        if params.still_images is not None and self.stills:
            self.still_count = still_positions(params.still_images, params.fit.batch)

    def __getitem__(self, step: int) -> Batch:
        """``images`` N 3 h w; ``motion`` N h w, bits of the map; ``allowed`` N K; ``still`` N."""
        if self.world > 1:
            raise InputError(
                "objective latent_labels takes one shot a step, which cannot be spread over "
                f"{self.world} devices; set machine.devices=1"
            )
        samples = [*self._shot(step), *(self._still(step, i) for i in range(self.still_count))]
        return {key: torch.stack([s[key] for s in samples]) for key in samples[0]}

    def label_weights(self) -> Tensor:
        """Factor K on each label's loss: min over objects of n / n of this one (M-CNN Sec. 4.2).

        n counts the samples whose tags have the label. The factor of the background and of labels
        without samples is 1.
        """
        counts: Counter[int] = Counter()
        for video, number in [*self.shots.items(), *((v, [0]) for v in self.stills)]:
            for label in self._labels(video):
                counts[label] += len(number)
        weights = torch.ones(len(self.frames.taxonomy.pairs) + 1)
        for label, count in counts.items():
            weights[label] = min(counts.values()) / count
        return weights

    def _shot(self, step: int) -> list[Batch]:
        turn, place = divmod(step, len(self.shots))
        order = np.random.default_rng(derive_seed(self.seed, "turn", turn))
        video = sorted(self.shots)[int(order.permutation(len(self.shots))[place])]
        known = self.shots[video]
        numbers = [known[i] for i in uniform_frames(len(known), self.size - self.still_count)]
        seed = derive_seed(self.seed, step, "shot")
        return [
            self._sample(video, n, self._motion(video, n), np.random.default_rng(seed))
            for n in numbers
        ]

    def _still(self, step: int, position: int) -> Batch:
        rng = np.random.default_rng(derive_seed(self.seed, step, position))
        video = self.stills[int(rng.integers(len(self.stills)))]
        return self._sample(video, self.frames.frames(video)[0], None, rng)

    def _motion(self, video: str, number: int) -> npt.NDArray[np.uint8]:
        segment, boundary = self.motion.segment(video, number), self.motion.boundary(video, number)
        return (SEGMENT * segment + BOUNDARY * boundary).astype(np.uint8)

    def _sample(
        self,
        video: str,
        number: int,
        motion: npt.NDArray[np.uint8] | None,
        rng: np.random.Generator,
    ) -> Batch:
        bits = np.zeros(self.frames.size(video), np.uint8) if motion is None else motion
        allowed = torch.zeros(len(self.frames.taxonomy.pairs) + 1, dtype=torch.bool)
        allowed[self._labels(video)] = True
        return self.reader.read(video, number, {"motion": FrameMap(bits, IGNORE)}, rng) | {
            "allowed": allowed,
            "still": torch.tensor(motion is None),
        }

    def _labels(self, video: str) -> list[int]:
        return list(self.frames.taxonomy.labels(self.frames.tags(video)))
