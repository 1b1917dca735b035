from __future__ import annotations

from typing import Any, Literal

import pydantic
import pytest
from pydantic import Field, model_validator

from pipeline.runtime.errors import InputError
from pipeline.runtime.params import Params, parse_params


class Inner(Params):
    rate: float = Field(default=0.5, gt=0, le=1)
    mode: Literal["fast", "slow"] = "fast"
    low: int = 0
    high: int = 9

    @model_validator(mode="after")
    def _ordered(self) -> Inner:
        if self.low > self.high:
            raise ValueError(f"Low {self.low} is above high {self.high}")
        return self


class Outer(Params):
    count: int = Field(ge=1)
    inner: Inner = Inner()
    maybe: Inner | None = None
    sizes: tuple[int, int] = (1, 2)


def test_values_and_defaults() -> None:
    found = parse_params(Outer, {"count": 3, "inner": {"rate": 1}, "sizes": [4, 5]}, "stage")
    assert found == Outer(count=3, inner=Inner(rate=1.0), maybe=None, sizes=(4, 5))
    # YAML reads 1e-3, without a point, as text
    assert parse_params(Inner, {"rate": "1e-3"}, "stage").rate == 0.001


def test_frozen() -> None:
    with pytest.raises(pydantic.ValidationError):
        Inner().rate = 0.1  # type: ignore[misc]


@pytest.mark.parametrize(
    "values, message",
    [
        ({}, r"^parameter stage\.part\.count is missing$"),
        ({"count": 0}, r"^parameter stage\.part\.count = 0: input should be greater than or equal"),
        ({"count": "many"}, r"^parameter stage\.part\.count = 'many': input should be a valid int"),
        ({"count": 2.5}, r"^parameter stage\.part\.count = 2\.5: "),
        ({"count": None}, r"^parameter stage\.part\.count = None: "),
        (
            {"count": 1, "cuont": 2},
            r"^unknown parameter stage\.part\.cuont; allowed here: count, inner, maybe, sizes$",
        ),
        (
            {"count": 1, "inner": {"rats": 2}},
            r"^unknown parameter stage\.part\.inner\.rats; allowed here: high, low, mode, rate$",
        ),
        (
            {"count": 1, "maybe": {"rats": 2}},
            r"^unknown parameter stage\.part\.maybe\.rats; allowed here: high, low, mode, rate$",
        ),
        (
            {"count": 1, "inner": {"rate": 1.5}},
            r"^parameter stage\.part\.inner\.rate = 1\.5: input should be less than or equal to 1$",
        ),
        (
            {"count": 1, "inner": {"rate": float("nan")}},
            r"^parameter stage\.part\.inner\.rate = na",
        ),
        (
            {"count": 1, "inner": {"mode": "fats"}},
            r"^parameter stage\.part\.inner\.mode = 'fats': input should be 'fast' or 'slow'$",
        ),
        ({"count": 1, "inner": 3}, r"^parameter stage\.part\.inner = 3: "),
        ({"count": 1, "sizes": [1, "x"]}, r"^parameter stage\.part\.sizes\.1 = 'x': "),
        (
            {"count": 1, "inner": {"low": 11}},
            r"^parameters stage\.part\.inner: low 11 is above high 9$",
        ),
    ],
)
def test_an_error_is_one_line_with_name_and_value(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        parse_params(Outer, values, "stage.part")
    assert "\n" not in str(error.value)


def test_text_of_several_lines_is_still_one_line() -> None:
    with pytest.raises(InputError) as error:
        parse_params(Outer, {"count": "a\nb"}, "stage")
    assert "\n" not in str(error.value)


def test_all_errors_are_told_at_once() -> None:
    with pytest.raises(InputError, match=r"stage\.count = 0.*; .*stage\.inner\.rate = 2"):
        parse_params(Outer, {"count": 0, "inner": {"rate": 2}}, "stage")
