"""What is predicted for some frames of one video, on its way from logits to a label map."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import expit

from pipeline.datasets.taxonomy import BACKGROUND
from pipeline.networks.inference import Segmentation, share_probs

Labels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Answer:
    """A segmenter's answer, and what corrections have made of it.

    Attributes:
        margin: ``T H W``, log odds of foreground against background.
        best: ``T H W``, the best allowed foreground label of each pixel.
        classes: ``T A H W``, the logits of the allowed labels, in their order; None for a single
            label, or if no correction needs them.
        decided: ``T H W``, the label maps, once a correction has set them; margin and logits may
            then disagree with them.
    """

    margin: Floats
    best: Labels
    classes: Floats | None = None
    decided: Labels | None = None

    @classmethod
    def of(cls, found: Segmentation) -> Answer:
        """The network's own answer."""
        return cls(found.margin, found.labels, found.classes)

    def labels(self) -> Labels:
        """Label maps ``T H W``: as decided, or the best label where the margin is positive."""
        if self.decided is not None:
            return self.decided
        return np.where(self.margin > 0, self.best, BACKGROUND).astype(np.uint8)

    def probs(self) -> Floats:
        """Probabilities ``T 1+A H W`` of the background and of each allowed label, of sum 1.

        The logits of several labels must have been kept.
        """
        margin = torch.from_numpy(self.margin)
        if self.classes is None:
            classes = torch.zeros(margin.shape).unsqueeze(1)
        else:
            classes = torch.from_numpy(self.classes)
        return share_probs(margin, classes).numpy()

    def foreground_probs(self) -> npt.NDArray[np.float64]:
        """Probability ``T H W`` of foreground; above 1/2 where the margin is positive."""
        return np.asarray(expit(self.margin.astype(np.float64)))

    def with_background_bias(self, bias: float) -> Answer:
        """The same with a bias added to the background logit; positive makes less foreground."""
        return replace(self, margin=self.margin - np.float32(bias))

    def decide(self, labels: npt.NDArray[Any]) -> Answer:
        """The same with these label maps ``T H W``."""
        return replace(self, decided=labels.astype(np.uint8))

    def without_logits(self) -> Answer:
        """The same without the logits of the labels, which take most of its memory."""
        return replace(self, classes=None)
