"""Labels of a still image by EM-Adapt: the network's scores, biased until each tag has its area.

Papandreou, Chen, Murphy and Yuille, *Weakly- and semi-supervised learning of a deep convolutional
network for semantic image segmentation*, ICCV 2015, Section 3.2: the label of a pixel is
argmax_l f(l) + b(l) over the image's labels, with biases so that a set share of the image at least
goes to each label of its tags and to the background. M-CNN (Section 4.4) labels still images so.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pydantic import Field

from pipeline.datasets.taxonomy import BACKGROUND
from pipeline.runtime.params import Params

_STEP = 0.02  # by which a bias exceeds what is missing; small ones converge slowly
_MOST = 100  # rounds; ties among many pixels can make the shares impossible


class EmAdaptParams(Params):
    """EM-Adapt.

    Attributes:
        foreground: least share of the pixels of each label of the image's tags.
        background: least share of the pixels of the background.
    """

    foreground: float = Field(default=0.2, ge=0, le=1)
    background: float = Field(default=0.4, ge=0, le=1)


def em_adapt_labels(
    logits: npt.NDArray[np.float64], labels: Sequence[int], params: EmAdaptParams
) -> npt.NDArray[np.uint8]:
    """Labels of one image.

    The biases start at 0. Each label that has too little area is raised until it has its share;
    this is repeated, since it takes pixels from the others, until all have theirs. With so many
    tags that the shares exceed the image, all are reduced alike. Shares that fill the image are
    met to about a hundredth of it.

    Args:
        logits: ``K H W``, the network's scores of all labels.
        labels: of the image's tags.
        params: the shares.

    Returns:
        ``H W``: 0 or one of ``labels``.
    """
    candidates = [BACKGROUND, *labels]
    scores = logits[candidates].reshape(len(candidates), -1).astype(np.float64)
    shares = np.array([params.background] + [params.foreground] * len(labels))
    shares /= max(shares.sum(), 1.0)
    needed = np.floor(shares * scores.shape[1] + 1e-9).astype(int)
    for _ in range(_MOST):
        area = np.bincount(scores.argmax(axis=0), minlength=len(candidates))
        short = np.flatnonzero(area < needed)
        if not len(short):
            break
        for row in short:
            others = np.delete(scores, row, axis=0).max(axis=0)
            # the gap to the best other label at the last of the pixels that the label needs
            missing = np.partition(others - scores[row], needed[row] - 1)[needed[row] - 1]
            scores[row] += max(float(missing) + _STEP, 0.0)
    best = np.array(candidates, np.uint8)[scores.argmax(axis=0)]
    return best.reshape(logits.shape[1:]).astype(np.uint8)
