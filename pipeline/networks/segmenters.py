"""Table of the segmenters' backbones, and how to build a segmenter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator
from torch import Tensor, nn

from pipeline.networks.base import Backbone, PooledClassifier, Segmenter
from pipeline.networks.classifiers import build_classifier
from pipeline.networks.deeplab import RATES, DeepLab
from pipeline.networks.resnet import ResNetBackbone
from pipeline.networks.small_resnet import SmallResNetBackbone
from pipeline.networks.two_stream import MotionStreamParams, TwoStream, TwoStreamParams
from pipeline.networks.vgg import VGG16Backbone
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import Params

BackboneName = Literal["small_resnet", "small_bagnet", "resnet18", "resnet50", "vgg16"]

# Each builder takes the output stride.
BACKBONES: dict[str, Callable[[int], Backbone]] = {
    "small_resnet": SmallResNetBackbone,
    "small_bagnet": lambda output_stride: SmallResNetBackbone(output_stride, local=True),
    "resnet18": lambda output_stride: ResNetBackbone("resnet18", output_stride),
    "resnet50": lambda output_stride: ResNetBackbone("resnet50", output_stride),
    "vgg16": VGG16Backbone,
}
_STRIDES = {
    "small_resnet": SmallResNetBackbone.output_strides,
    "small_bagnet": SmallResNetBackbone.output_strides,
    "resnet18": ResNetBackbone.output_strides,
    "resnet50": ResNetBackbone.output_strides,
    "vgg16": VGG16Backbone.output_strides,
}


class SegmenterParams(Params):
    """A DeepLab-v2, or the two-stream segmenter on top of one.

    Attributes:
        backbone: its trunk.
        output_stride: pixels for each position of the logits before they are enlarged.
        rates: dilations of the ASPP branches, in positions.
        two_stream: embeddings, a head, and a motion stream (VSCR); null is a plain DeepLab.
    """

    backbone: BackboneName
    output_stride: int = Field(default=8, gt=0)
    rates: tuple[Annotated[int, Field(gt=0)], ...] = Field(default=RATES, min_length=1)
    two_stream: TwoStreamParams | None = None

    @property
    def motion(self) -> MotionStreamParams | None:
        """The motion stream, if there is one."""
        return None if self.two_stream is None else self.two_stream.motion

    @model_validator(mode="after")
    def _backbone_has_stride(self) -> SegmenterParams:
        possible = _STRIDES[self.backbone]
        if self.output_stride not in possible:
            raise ValueError(
                f"output_stride {self.output_stride} is not possible with {self.backbone}, "
                f"only {', '.join(map(str, possible))}"
            )
        return self


def build_segmenter(params: SegmenterParams, num_classes: int) -> Segmenter:
    """A segmenter with random weights for ``num_classes`` labels, background included."""
    backbone = BACKBONES[params.backbone](params.output_stride)
    own, motion = params.two_stream, params.motion
    if own is None:
        return DeepLab(backbone, num_classes, params.rates)
    # the last layer of the action network is not used, so one class will do
    action = None if motion is None else build_classifier(motion.network, 1)
    assert action is None or isinstance(action, PooledClassifier)
    model = TwoStream(backbone, num_classes, params.rates, own.width, action, own.detach)
    model.clip_input = motion
    return model


def transfer_backbone(segmenter: Segmenter, classifier_state: Mapping[str, Tensor]) -> int:
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
    names = [f"backbone.{name}" for name in segmenter.backbone.state_dict()]
    return _take(segmenter, classifier_state, names, "the segmenter's backbone")


def transfer_action(segmenter: Segmenter, classifier_state: Mapping[str, Tensor]) -> int:
    """Copy all of an action classifier but its last layer into the motion stream, in place.

    Args:
        segmenter: with a motion stream.
        classifier_state: the classifier's state dict.

    Returns:
        The number of tensors copied.

    Raises:
        InputError: the classifier is another network.
    """
    assert isinstance(segmenter, TwoStream) and segmenter.action is not None
    action = segmenter.action
    names = [name for name in action.state_dict() if not name.startswith(action.new_layers)]
    return _take(action, classifier_state, names, "the segmenter's motion stream")


def _take(module: nn.Module, state: Mapping[str, Tensor], names: list[str], what: str) -> int:
    own = module.state_dict()
    unfit = [k for k in names if k not in state or state[k].shape != own[k].shape]
    if unfit:
        raise InputError(
            f"the classifier's weights do not fit {what}: {len(unfit)} of "
            f"{len(names)} tensors differ, first {unfit[0]}; choose the same network for both"
        )
    module.load_state_dict({k: state[k] for k in names}, strict=False)
    return len(names)
