from __future__ import annotations

import numpy as np
import pytest

from pipeline.prediction.alignment import AlignParams
from pipeline.prediction.params import PredictionParams, finish_prediction, refine_all
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params
from pipeline.vision.superpixel_refinement import RefineParams
from tests.tiny import DOG, FLYING, TAXONOMY, WALKING, blocks

FLY, WALK, DOGS = (TAXONOMY.label(t) for t in (FLYING, WALKING, DOG))
REGIONS = [blocks(4, 8, 2)] * 3


def labels() -> np.ndarray:
    """T 4 8: a bird that flies, flies, walks; in the last frame a corner beyond its superpixels."""
    found = np.zeros((3, 4, 8), np.uint8)
    found[0, 0:2, 0:4] = FLY
    found[1, 0:2, 0:4] = FLY
    found[2, 0:2, 0:4] = WALK
    found[2, 0:2, 4] = WALK  # half of the next superpixel: dropped by the refinement
    return found


def test_refinement_uses_each_frames_own_superpixels() -> None:
    found = labels()
    found[1] = found[2]
    regions = [REGIONS[0], blocks(4, 8, 2), np.arange(32, dtype=np.int32).reshape(4, 8)]
    refined = refine_all(found, regions, RefineParams(), 4)
    assert refined.dtype == np.uint8
    assert refined[1].tolist() == [[WALK] * 4 + [0] * 4] * 2 + [[0] * 8] * 2
    assert refined[2].tolist() == found[2].tolist()  # superpixels of one pixel


@pytest.mark.parametrize("refine", [False, True])
@pytest.mark.parametrize("align", [False, True])
def test_finish_by_hand(refine: bool, align: bool) -> None:
    params = PredictionParams(refine_output=refine, align=AlignParams() if align else None)
    before = labels()
    found = finish_prediction(before, REGIONS, params, TAXONOMY)
    last = FLY if align else WALK  # two frames of three vote for flying
    width = 4 if refine else 5
    assert found[2].tolist() == [[last] * width + [0] * (8 - width)] * 2 + [[0] * 8] * 2
    assert np.array_equal(found[:2], before[:2])
    assert np.array_equal(before, labels())  # the input is left alone


def test_another_actor_keeps_its_action() -> None:
    found = labels()
    found[0, 2:4, 6:8] = DOGS
    aligned = finish_prediction(found, REGIONS, PredictionParams(align=AlignParams()), TAXONOMY)
    assert (aligned[0, 2:4, 6:8] == DOGS).all()


@pytest.mark.parametrize(
    "values, message",
    [
        ({"criterion": "loss"}, r"prediction\.criterion = 'loss': input should be 'ric', "),
        ({"rule": "max"}, r"prediction\.rule = 'max'"),
        ({"action_prior": -1}, r"prediction\.action_prior = -1"),
        ({"align": {"window": 0}}, r"prediction\.align\.window = 0"),
        ({"refine": {"alpha": 1}}, r"prediction\.refine\.alpha = 1"),
    ],
)
def test_refuses(values: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_params(PredictionParams, values, "prediction")


@pytest.mark.parametrize("own", [{"tag_anchor": True}, {"action_prior": 1.0}])
def test_latent_labels_stand_alone(own: dict[str, object]) -> None:
    with pytest.raises(InputError, match=f"{next(iter(own))} goes with latent: null"):
        parse_params(PredictionParams, {**own, "latent": {}}, "prediction")
