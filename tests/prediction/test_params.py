from __future__ import annotations

import pytest

from pipeline.prediction.params import PredictionParams, PredictPaParams
from pipeline.prediction.table import CORRECTIONS
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params


def test_the_order_is_that_of_the_list() -> None:
    values = {
        "corrections": ["area_anchor", "action_prior"],
        "action_prior": {"weight": 2.0},
        "area_anchor": {"ratio": 0.7},
    }
    chosen = parse_params(PredictionParams, values, "prediction").chosen()
    assert [c.name for c in chosen] == ["area_anchor", "action_prior"]
    assert all(c.part is CORRECTIONS[c.name] for c in chosen)
    assert [c.params.model_dump() for c in chosen] == [
        {"ratio": 0.7, "frames": 400},
        {"weight": 2.0},
    ]
    assert PredictionParams().chosen() == []


def test_every_correction_has_its_parameters_in_both_sections() -> None:
    for model in (PredictionParams, PredictPaParams):
        for name, part in CORRECTIONS.items():
            assert isinstance(getattr(model(), name), part.params)


def test_a_correction_says_which_cues_it_cannot_do_without() -> None:
    params = PredictPaParams(corrections=("alignment", "latent_labels"))
    assert params.needed_cues() == {"motion": "the correction latent_labels"}
    assert PredictionParams(corrections=("action_prior",)).needed_cues() == {}


@pytest.mark.parametrize(
    "values, message",
    [
        ({"rule": "max"}, r"prediction\.rule = 'max'"),
        (
            {"corrections": ["crf"]},
            r"\.corrections = .*: unknown correction crf; known: ",
        ),
        ({"corrections": ["alignment"] * 2}, "a correction is listed twice"),
        ({"action_prior": {"weight": -1}}, r"prediction\.action_prior\.weight = -1"),
        ({"alignment": {"window": 0}}, r"prediction\.alignment\.window = 0"),
        ({"refine": {"alpha": 1}}, r"prediction\.refine\.alpha = 1"),
        ({"criterion": "ric"}, r"unknown parameter prediction\.criterion; allowed here: action_pr"),
    ],
)
def test_refuses(values: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        parse_params(PredictionParams, values, "prediction")
    assert "\n" not in str(error.value)


def test_the_next_version_refuses() -> None:
    with pytest.raises(InputError, match=r"predict_pa\.criterion = 'loss': input should be 'ric'"):
        parse_params(PredictPaParams, {"criterion": "loss"}, "predict_pa")
    with pytest.raises(InputError, match=r"area_anchor belongs to prediction\.corrections"):
        parse_params(PredictPaParams, {"corrections": ["area_anchor"]}, "predict_pa")
