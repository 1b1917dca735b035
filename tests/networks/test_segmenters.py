from typing import get_args

import pytest
import torch

from pipeline.networks.classifiers import build_classifier
from pipeline.networks.segmenters import (
    BACKBONES,
    BackboneName,
    SegmenterParams,
    build_segmenter,
    transfer_backbone,
)
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params

SMALL = SegmenterParams(backbone="small_resnet", output_stride=4, rates=(1, 2))


def test_table_and_names_agree() -> None:
    assert set(BACKBONES) == set(get_args(BackboneName))


def test_build_uses_every_parameter() -> None:
    segmenter = build_segmenter(SMALL, 6)
    assert segmenter.backbone.output_stride == 4
    assert [b.dilation for b in segmenter.aspp.branches] == [(1, 1), (2, 2)]
    assert segmenter.aspp.branches[0].out_channels == 6


def test_impossible_stride_is_one_line_before_anything_is_built() -> None:
    values = {"backbone": "resnet50", "output_stride": 4}
    with pytest.raises(InputError, match="output_stride 4 is not possible with resnet50, only 8"):
        parse_params(SegmenterParams, values, "train_segmenter")
    with pytest.raises(InputError, match="rates"):
        parse_params(SegmenterParams, {"backbone": "vgg16", "rates": []}, "train_segmenter")


@pytest.mark.parametrize("name", ["small_resnet", "small_bagnet", "resnet18", "vgg16"])
def test_segmenter_takes_over_the_classifiers_backbone(name: str) -> None:
    classifier = build_classifier(name, 3).eval()
    stride = 4 if name.startswith("small") else 8
    params = SegmenterParams(backbone=name, output_stride=stride)  # type: ignore[arg-type]
    segmenter = build_segmenter(params, 5).eval()
    before = segmenter.aspp.branches[0].weight.clone()
    count = transfer_backbone(segmenter, classifier.state_dict())
    assert count == len(segmenter.backbone.state_dict())
    for key, value in classifier.backbone.state_dict().items():
        assert torch.equal(segmenter.backbone.state_dict()[key], value), key
    assert torch.equal(segmenter.aspp.branches[0].weight, before)


def test_other_networks_do_not_fit() -> None:
    segmenter = build_segmenter(SegmenterParams(backbone="resnet18"), 5)
    before = {k: v.clone() for k, v in segmenter.state_dict().items()}
    # ResNet-50 shares names and some shapes with ResNet-18, but is another network.
    state = build_classifier("resnet50", 3).state_dict()
    with pytest.raises(InputError, match=r"do not fit.*first backbone\.layer1") as error:
        transfer_backbone(segmenter, state)
    assert "\n" not in str(error.value)
    assert all(torch.equal(v, before[k]) for k, v in segmenter.state_dict().items())
