"""Frames and their pseudo-annotations for a segmenter's training.

With still images beside the videos, and with domain adaptation: Frame-to-Frame (section 3.4). A
still image is a video of one frame.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
import torch

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.selections import Selection
from pipeline.datasets.taxonomy import IGNORE
from pipeline.runtime.errors import InputError
from pipeline.training.batches import Batch, SampledBatches
from pipeline.training.read_samples import FrameKey, FrameMap, FrameReader
from pipeline.training.segmenter import TrainSegmenterParams, still_positions

log = logging.getLogger(__name__)


def reason_not_to_train(pa: LabelMaps, selection: Selection) -> str | None:
    """Why the evolution ends with ``pa``, if it does. A recipe's first PA must have frames."""
    if pa.stopped:
        return f"stopped after {pa.metadata['stopped_after']}"
    if pa.last:
        return f"PA.{pa.metadata['version']} is the recipe's last one"
    if "model" in pa.metadata and not selection.selected:
        return f"the selection found nothing to train on in PA.{pa.metadata['version']}"
    return None


def adapted(
    params: TrainSegmenterParams, frames: Frames, keys: Sequence[FrameKey], version: str
) -> tuple[TrainSegmenterParams, list[FrameKey]]:
    """Parameters and frames of a version's training: what still images and adaptation change.

    Without still images, or without videos, all samples are of one kind: the loss is a single mean,
    and adaptation learns from whatever frames are selected.

    Args:
        params: of all versions.
        frames: say which videos are still images.
        keys: the selected frames.
        version: its name; ``v0`` is the first.
    """
    own, used = params, list(keys)
    stills = [key for key in keys if frames.is_still(key[0])]
    if params.adaptation is not None and version != "v0":
        fit = params.fit.model_copy(update={"lr": params.fit.lr * params.adaptation.lr})
        own, used = own.model_copy(update={"fit": fit}), stills or used
    if params.still_images is not None and len(stills) in (0, len(used)):
        what = "still images" if stills else "video frames"
        log.info("train_segmenter.still_images: %s are all that is trained on", what)
        own = own.model_copy(update={"still_images": None})
    return own, used


class SegmenterBatches(SampledBatches):
    """Random crops of frames and their pseudo-annotations.

    Every frame has the same probability; with ``still_images`` the first positions of a batch are
    drawn from these, the others from the videos.
    """

    def __init__(
        self,
        frames: Frames,
        labels: LabelMaps,
        keys: Sequence[FrameKey],
        params: TrainSegmenterParams,
        seed: int,
    ) -> None:
        super().__init__(seed, params.fit.batch)
        if not keys:
            raise InputError("no pseudo-annotation is selected; nothing to train on")
        self.reader = FrameReader(frames, params.augment, params.network.motion)
        self.labels = labels
        self.keys = list(keys)
        self.stills = 0  # positions of a batch
        if params.still_images is not None:
            self.stills = still_positions(params.still_images, params.fit.batch)
            self.parts = {
                still: [k for k in keys if frames.is_still(k[0]) == still]
                for still in (True, False)
            }

    def sample_at(self, position: int, rng: np.random.Generator) -> Batch:
        """Still images first, then video frames, marked by ``still``; any frame without a share."""
        if not self.stills:
            return self.sample(rng)
        still = position < self.stills
        return self._crop(self.parts[still], rng) | {"still": torch.tensor(still)}

    def sample(self, rng: np.random.Generator) -> Batch:
        """``images``, ``labels`` and ``clips`` of one random crop, see :class:`FrameReader`."""
        return self._crop(self.keys, rng)

    def _crop(self, keys: Sequence[FrameKey], rng: np.random.Generator) -> Batch:
        video, frame = keys[int(rng.integers(len(keys)))]
        labels = FrameMap(self.labels.labels(video, frame), IGNORE)
        return self.reader.read(video, frame, {"labels": labels}, rng)
