from typing import get_args

import pytest
import torch

from pipeline.networks.classifiers import (
    CLASSIFIERS,
    ClipClassifierName,
    FrameClassifierName,
    build_classifier,
)
from pipeline.runtime.errors import InputError


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
