"""Table of the segmenters' backbones, and how to build a segmenter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator
from torch import Tensor

from pipeline.networks.base import Backbone
from pipeline.networks.deeplab import RATES, DeepLab
from pipeline.networks.resnet import ResNetBackbone
from pipeline.networks.small_resnet import SmallResNetBackbone
from pipeline.networks.vgg import VGG16Backbone
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import Params

BackboneName = Literal["small_resnet", "resnet18", "resnet50", "vgg16"]

# Each builder takes the output stride.
BACKBONES: dict[str, Callable[[int], Backbone]] = {
    "small_resnet": SmallResNetBackbone,
    "resnet18": lambda output_stride: ResNetBackbone("resnet18", output_stride),
    "resnet50": lambda output_stride: ResNetBackbone("resnet50", output_stride),
    "vgg16": VGG16Backbone,
}
_STRIDES = {
    "small_resnet": SmallResNetBackbone.output_strides,
    "resnet18": ResNetBackbone.output_strides,
    "resnet50": ResNetBackbone.output_strides,
    "vgg16": VGG16Backbone.output_strides,
}


class SegmenterParams(Params):
    """A DeepLab-v2.

    Attributes:
        backbone: its trunk.
        output_stride: pixels for each position of the logits before they are enlarged.
        rates: dilations of the ASPP branches, in positions.
    """

    backbone: BackboneName
    output_stride: int = Field(default=8, gt=0)
    rates: tuple[Annotated[int, Field(gt=0)], ...] = Field(default=RATES, min_length=1)

    @model_validator(mode="after")
    def _backbone_has_stride(self) -> SegmenterParams:
        possible = _STRIDES[self.backbone]
        if self.output_stride not in possible:
            raise ValueError(
                f"output_stride {self.output_stride} is not possible with {self.backbone}, "
                f"only {', '.join(map(str, possible))}"
            )
        return self


def build_segmenter(params: SegmenterParams, num_classes: int) -> DeepLab:
    """A DeepLab-v2 with random weights for ``num_classes`` labels, background included."""
    backbone = BACKBONES[params.backbone](params.output_stride)
    return DeepLab(backbone, num_classes, params.rates)


def transfer_backbone(segmenter: DeepLab, classifier_state: Mapping[str, Tensor]) -> int:
    """Copy the backbone weights of a classifier into a segmenter, in place.

    Args:
        segmenter: takes the weights; its output stride may differ from the classifier's.
        classifier_state: the classifier's state dict (names ``backbone.*``).

    Returns:
        The number of tensors copied: all of the segmenter's backbone.

    Raises:
        InputError: a tensor of the backbone is missing or has another shape. Parts of a network
            of another kind may fit by accident; they are not taken.
    """
    own = {k: v for k, v in segmenter.state_dict().items() if k.startswith("backbone.")}
    unfit = [
        k
        for k, v in own.items()
        if k not in classifier_state or classifier_state[k].shape != v.shape
    ]
    if unfit:
        raise InputError(
            f"the classifier's weights do not fit the segmenter's backbone: {len(unfit)} of "
            f"{len(own)} tensors differ, first {unfit[0]}; choose the same network for both"
        )
    segmenter.load_state_dict({k: classifier_state[k] for k in own}, strict=False)
    return len(own)
