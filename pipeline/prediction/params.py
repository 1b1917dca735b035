"""How a segmenter's answer becomes a label map: rule, superpixels, action alignment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from pipeline.datasets.taxonomy import Taxonomy
from pipeline.networks.inference import Rule
from pipeline.prediction.alignment import AlignParams, align_actions
from pipeline.prediction.latent_labels import LatentParams
from pipeline.runtime.params import Params
from pipeline.vision.superpixel_refinement import RefineParams, refine_labels

Labels = npt.NDArray[np.uint8]


class PredictionParams(Params):
    """The ``prediction`` section, shared by all stages that look at a segmenter's answer.

    Attributes:
        criterion: which epoch of a training answers: the best by RIC (WS2) or by mIoU_PA, or the
            last one.
        rule: see :class:`pipeline.networks.inference.Reading`.
        tag_anchor: whether the tags of a video keep their shares of its foreground from version to
            version (ours; :mod:`pipeline.prediction.tag_anchor`). Models are scored without.
        action_prior: what the action map of a tag, where it is 1, adds to the logit of the tag's
            label (ours; :mod:`pipeline.prediction.action_prior`); 0 leaves the network alone.
            Models are scored without.
        refine: Algorithm 2 of WS2, for the region integrity criterion and for ``refine_output``.
        refine_output: whether predictions are refined, too, before they become the next
            pseudo-annotation.
        align: action alignment over the frames of a video (WS2 Sec. 5.2); null for none.
        latent: how the next pseudo-annotation is inferred from the network's answer, motion
            segments and colours (M-CNN Eq. 2), which is what the next version's training begins
            with; null for the network's answer alone. Models are scored without.
    """

    criterion: Literal["ric", "miou_pa", "last"] = "ric"
    rule: Rule = "argmax"
    tag_anchor: bool = False
    action_prior: float = Field(default=0.0, ge=0)
    refine: RefineParams = RefineParams()
    refine_output: bool = False
    align: AlignParams | None = AlignParams()
    latent: LatentParams | None = None

    @property
    def needs_logits(self) -> bool:
        """Whether what is known of a video needs the logits of its labels, if it has several."""
        return self.action_prior > 0 or self.tag_anchor

    @model_validator(mode="after")
    def _latent_labels_stand_alone(self) -> PredictionParams:
        if self.tag_anchor and self.latent is not None:
            raise ValueError("tag_anchor goes with latent: null, whose cuts divide the foreground")
        if self.action_prior and self.latent is not None:
            raise ValueError("action_prior goes with latent: null, which has motion of its own")
        return self


def refine_all(
    labels: Labels,
    superpixels: Sequence[npt.NDArray[np.int32]],
    params: RefineParams,
    num_labels: int,
) -> Labels:
    """Algorithm 2 on label maps T H W with the superpixels of each frame."""
    refined = [
        refine_labels(frame, regions, params, num_labels)
        for frame, regions in zip(labels, superpixels, strict=True)
    ]
    return np.stack(refined).astype(np.uint8)


def finish_prediction(
    labels: Labels,
    superpixels: Sequence[npt.NDArray[np.int32]],
    params: PredictionParams,
    taxonomy: Taxonomy,
) -> Labels:
    """Refine and align the predicted label maps T H W of one video, frames in order.

    Args:
        labels: 0 background, 1.. foreground.
        superpixels: H W of each frame, numbered from 0.
        params: what is done.
        taxonomy: says which actor a label names.
    """
    num_labels = len(taxonomy.pairs) + 1
    if params.refine_output:
        labels = refine_all(labels, superpixels, params.refine, num_labels)
    if params.align is not None:
        actor_of_label: Any = taxonomy.view(np.arange(num_labels, dtype=np.uint8), "actor")
        labels = align_actions(labels, actor_of_label, params.align.window)
    return labels
