from __future__ import annotations

import pytest

from pipeline.evaluation.convergence import ConvergenceParams, has_converged
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params


@pytest.mark.parametrize(
    "ric, before, tolerance, stop",
    [
        (60.0, 58.0, 1.0, False),
        (60.0, 59.5, 1.0, True),
        (60.0, 59.0, 1.0, False),  # exactly the tolerance still counts as rising
        (60.0, 61.0, 0.0, True),  # it fell
        (60.0, 60.0, 0.0, False),
        (60.0, 61.0, None, False),  # no rule
        (60.0, None, 1.0, False),  # the first version
        (None, 60.0, 1.0, True),  # nothing was trained
        (None, None, None, True),
    ],
)
def test_by_hand(
    ric: float | None, before: float | None, tolerance: float | None, stop: bool
) -> None:
    assert has_converged(ric, before, tolerance) is stop


def test_params() -> None:
    params = parse_params(ConvergenceParams, {}, "check_convergence")
    assert (params.tolerance, params.last) == (None, None)
    for wrong in ("1", "segmenter/v1"):
        with pytest.raises(InputError, match=rf"check_convergence\.last = '{wrong}'"):
            parse_params(ConvergenceParams, {"last": wrong}, "check_convergence")
    with pytest.raises(InputError, match=r"check_convergence\.tolerance = -1"):
        parse_params(ConvergenceParams, {"tolerance": -1}, "check_convergence")
