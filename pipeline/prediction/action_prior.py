"""Action prior: the action maps of a video's tags are used in every version (ours).

A segmenter looks at single frames. They hardly show which action happens where, nor that a kennel,
which is as typical of the class as its dog, does not act. The action classifier looks at clips, and
its attention maps say where in a frame each tagged action is. WS2 uses them for PA.v0 only. Here
every prediction uses them: the map of a tag's action, times a weight, is added to the logit of the
tag's label wherever the tags of a video are known.

The labels that the tags allow share the foreground's probability by their logits z (as in
:func:`pipeline.networks.inference.share_probs`). With w m_c added to each, the share of label c is
multiplied by exp(w m_c), and so the odds of the foreground are by the mean of these factors:
sum_c softmax(z)_c exp(w m_c).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy.special import logsumexp

from pipeline.prediction.answer import Answer
from pipeline.prediction.correction import Correction
from pipeline.runtime.params import Params

if TYPE_CHECKING:
    from pipeline.prediction.read_evidence import Evidence

Floats = npt.NDArray[np.float32]


class ActionPriorParams(Params):
    """Action prior.

    Attributes:
        weight: what the action map of a tag, where it is 1, adds to the logit of the tag's label.
    """

    weight: float = Field(default=3.0, ge=0)


def add_action_maps(answer: Answer, labels: Sequence[int], maps: Floats, weight: float) -> Answer:
    """An answer with the maps added to the logits of its labels.

    Args:
        answer: of T frames; of two labels or more it has their logits.
        labels: the A labels that the tags allow, at least one.
        maps: ``T A H W`` in [0, 1].
        weight: w >= 0, added to a logit where the map is 1.

    Raises:
        ValueError: the maps do not fit, or the answer lacks the logits.
    """
    frames, height, width = answer.margin.shape
    if maps.shape != (frames, len(labels), height, width):
        raise ValueError(
            f"expected maps {(frames, len(labels), height, width)}, received {maps.shape}"
        )
    added = np.float32(weight) * maps
    if len(labels) == 1:
        return replace(answer, margin=answer.margin + added[:, 0])
    if answer.classes is None:
        raise ValueError("expected an answer with the logits of its labels, received one without")
    classes = answer.classes + added
    raised = logsumexp(classes, axis=1) - logsumexp(answer.classes, axis=1)
    best = np.array(labels, np.uint8)[classes.argmax(axis=1)]
    margin = (answer.margin + raised).astype(np.float32)
    return replace(answer, margin=margin, best=best, classes=classes)


def prefer_action(answer: Answer, evidence: Evidence, params: ActionPriorParams) -> Answer:
    """The answer with the action maps of the tags added; unchanged for a video without any."""
    maps = evidence.action_maps()
    if maps is None or evidence.labels is None:
        return answer
    return add_action_maps(answer, evidence.labels, maps, params.weight)


ACTION_PRIOR = Correction(ActionPriorParams, prefer_action, needs_tags=True, needs_logits=True)
