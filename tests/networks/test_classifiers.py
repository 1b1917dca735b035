from __future__ import annotations

import math
from typing import Any, get_args

import numpy as np
import pytest
import torch

from pipeline.networks.classifiers import (
    CLASSIFIERS,
    ClassifierInputParams,
    ClipClassifierName,
    FrameClassifierName,
    build_classifier,
    class_scores,
)
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params


def test_table_and_names_agree() -> None:
    frames, clips = get_args(FrameClassifierName), get_args(ClipClassifierName)
    assert set(CLASSIFIERS) == {*frames, *clips}
    with torch.device("meta"):
        for name in CLASSIFIERS:
            assert CLASSIFIERS[name](3).dimensions == (2 if name in frames else 3)


def test_classes() -> None:
    with torch.device("meta"):
        for name in CLASSIFIERS:
            weights = build_classifier(name, 7).class_weights
            assert weights is not None
            assert weights.shape[0] == 7


def test_unknown_name() -> None:
    with pytest.raises(InputError, match="unknown classifier 'resnet19'; choose one of small_res"):
        build_classifier("resnet19", 2)


def test_scores_by_hand() -> None:
    logits = np.array([[math.log(3), 0.0], [0.0, -math.log(4)]])
    softmax = class_scores(logits, "softmax")
    assert softmax.dtype == np.float32
    assert softmax == pytest.approx(np.array([[3 / 4, 1 / 4], [4 / 5, 1 / 5]]))
    # each class on its own
    sigmoid = class_scores(logits, "sigmoid")
    assert sigmoid == pytest.approx(np.array([[3 / 4, 1 / 2], [1 / 2, 1 / 5]]))


def test_what_a_classifier_takes() -> None:
    frames = parse_params(ClassifierInputParams, {"network": "small_resnet"}, "model")
    assert (frames.side, frames.clip, frames.loss) == (None, None, "softmax")
    clips = {"network": "small_3d", "clip": {"frames": 4}, "side": 16, "loss": "sigmoid"}
    found = parse_params(ClassifierInputParams, clips, "model")
    assert found.clip is not None and (found.clip.frames, found.side) == (4, 16)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"network": "vgg"}, r"parameter model\.network = 'vgg': input should be"),
        ({"network": "vgg16", "clip": {"frames": 4}}, r"takes single frames: set clip to null"),
        ({"network": "i3d"}, r"network i3d takes clips: set clip"),
        ({"network": "vgg16", "side": 15}, r"parameter model\.side = 15"),
        ({"network": "vgg16", "fit": {}}, r"unknown parameter model\.fit; allowed here: clip, lo"),
    ],
)
def test_refuses(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        parse_params(ClassifierInputParams, values, "model")
    assert "\n" not in str(error.value)
