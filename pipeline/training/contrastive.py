"""VSCR: contrastive relations and the head's own loss, on frames with and without labels.

Duan et al., Sec. 3.2 and 3.3. Frames whose video has one tag carry the pseudo-annotation made from
activation maps (D_c); frames of videos with no tag, or with several, carry none (D_u): only their
edges and tags are used.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.runtime.errors import InputError
from pipeline.runtime.params import Params
from pipeline.training.batches import Batch
from pipeline.training.losses import batch_output, label_loss
from pipeline.training.relations import RelationParams, relation_losses


class ContrastiveParams(Params):
    """VSCR's objective.

    Attributes:
        relations: concentrations and weights of the three relations, clusters.
        head: weight of the head's cross-entropy on the labels. The paper prints no loss of the
            head, but without one it learns nothing.
        labelled_share: share of each video's pseudo-annotations that are used (Table 5); frames
            that lose theirs belong to the unlabelled ones.
        unlabelled: whether frames without labels take part (Table 3).
    """

    relations: RelationParams = RelationParams()
    head: float = Field(default=1.0, ge=0)
    labelled_share: float = Field(default=1.0, gt=0, le=1)
    unlabelled: bool = True


def contrastive_loss(params: ContrastiveParams, model: nn.Module, batch: Batch) -> Tensor:
    """VSCR Eq. 4 plus the head's cross-entropy on the labelled pixels.

    The labels express Eq. 3's indicators: unlabelled frames are 255 everywhere, which the relation
    of activation maps and the head's loss ignore.

    Args:
        params: weights.
        model: a two-stream segmenter, perhaps wrapped.
        batch: of :class:`ContrastiveBatches`.
    """
    output = batch_output(model, batch)
    if output.embeddings is None:
        raise InputError(
            "the objective relations needs embeddings: set train_segmenter.network.two_stream"
        )
    size = output.embeddings.shape[2:]
    losses = relation_losses(
        output.embeddings.float(),
        at_positions(batch["segments"], size),
        at_positions(batch["labels"], size),
        batch["tags"],
        params.relations,
    )
    head = label_loss(output.logits, batch["labels"])
    return losses.total(params.relations.weight) + params.head * head


def at_positions(maps: Tensor, size: Sequence[int]) -> Tensor:
    """Numbers B H W at the positions of a coarser map, B h w: those in the middle of each."""
    found = F.interpolate(maps[:, None].float(), size=tuple(size), mode="nearest-exact")
    return found[:, 0].long()
