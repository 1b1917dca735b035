"""The two-stream segmenter of VSCR (Duan et al.): what is seen in a frame, plus how it moves.

Sec. 3.1, Fig. 1: image features of DeepLab; a clip around the frame through a frozen action network
and a two-layer perceptron, expanded over the frame and added; a two-layer perceptron on each
position as the head.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.datasets.clips import ClipInput
from pipeline.networks.base import Backbone, PooledClassifier, Segmenter, SegmenterOutput
from pipeline.networks.classifiers import ClipClassifierName
from pipeline.networks.deeplab import ASPP, RATES
from pipeline.networks.weights import WeightsParams
from pipeline.runtime.params import Params


class MotionStreamParams(ClipInput):
    """The frozen action network of a two-stream segmenter.

    Attributes:
        network: which one.
        weights: its weights; null takes the recipe's own action classifier, which must be of this
            network.
    """

    network: ClipClassifierName
    weights: WeightsParams | None = None


class TwoStreamParams(Params):
    """What a two-stream segmenter has beside a DeepLab.

    Attributes:
        width: channels of features and embeddings.
        detach: whether the gradients of the head stop at the features.
        motion: the motion stream; null leaves it out.
    """

    width: int = Field(default=64, ge=1)
    detach: bool = False
    motion: MotionStreamParams | None = None


class TwoStream(Segmenter):
    """DeepLab features, motion cue, embeddings, head.

    Args:
        backbone: of the image stream.
        num_classes: labels, background included.
        rates: dilations of the ASPP.
        width: channels D of features and embeddings.
        action: network of the motion stream. It is frozen: no gradients, always in evaluation
            mode. None leaves the motion stream out.
        detach: whether the gradients of the head stop at the features.
    """

    new_layers = ("aspp.", "motion.", "head.", "action.")

    def __init__(
        self,
        backbone: Backbone,
        num_classes: int,
        rates: Sequence[int] = RATES,
        width: int = 64,
        action: PooledClassifier | None = None,
        detach: bool = False,
    ) -> None:
        super().__init__()
        self.torchvision_name = backbone.torchvision_name
        self.num_classes = num_classes
        self.backbone = backbone
        self.aspp = ASPP(backbone.channels, width, rates)
        self.action = action
        self.detach = detach
        self.motion: nn.Sequential | None = None
        if action is not None:
            action.requires_grad_(False).eval()
            self.motion = nn.Sequential(
                nn.Linear(action.class_weights.shape[1], width), nn.ReLU(), nn.Linear(width, width)
            )
        self.head = nn.Sequential(
            nn.Conv2d(width, width, 1), nn.ReLU(), nn.Conv2d(width, num_classes, 1)
        )

    def train(self, mode: bool = True) -> TwoStream:
        """As in every module, but the action network stays in evaluation mode."""
        super().train(mode)
        if self.action is not None:
            self.action.eval()
        return self

    @torch.no_grad()
    def encode_clips(self, clips: Tensor) -> Tensor:
        """Raw RGB ``B 3 T h w`` in 0..255 -> clip vectors ``B C``, the mean of the last map."""
        if self.action is None:
            raise ValueError("expected a segmenter with a motion stream, this one has none")
        return self.action.features(self.action.normalise(clips)).flatten(2).mean(2)

    def features(self, x: Tensor, vectors: Tensor | None = None) -> Tensor:
        """Image features plus the motion cue, ``B D h w`` at the stride of the backbone.

        Args:
            x: normalised ``B 3 H W``.
            vectors: ``B C`` of ``encode_clips``, for a segmenter with a motion stream.
        """
        found = self.aspp(self.backbone(x))
        if self.motion is None:
            return found
        if vectors is None:
            raise ValueError("expected clip vectors for the motion stream, received none")
        return found + self.motion(vectors)[:, :, None, None]

    def coarse_logits(self, x: Tensor, vectors: Tensor | None = None) -> Tensor:
        """Normalised ``B 3 H W`` and clip vectors -> logits ``B K h w``."""
        return self.head(self.features(x, vectors))

    def forward(self, x: Tensor, vectors: Tensor | None = None) -> SegmenterOutput:
        """Logits ``B K H W`` and the embeddings v, ``B D h w`` on the unit sphere."""
        features = self.features(x, vectors)
        logits = self.head(features.detach() if self.detach else features)
        full = F.interpolate(logits, size=x.shape[2:], mode="bilinear", align_corners=False)
        return SegmenterOutput(full, F.normalize(features, dim=1))
