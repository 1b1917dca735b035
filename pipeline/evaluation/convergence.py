"""The stop rule over versions (WS2 Algorithm 1): the best RIC has converged."""

from __future__ import annotations

from pydantic import Field

from pipeline.runtime.params import Params


class ConvergenceParams(Params):
    """When the evolution stops.

    Attributes:
        tolerance: stop after a version whose best RIC is less than this (in percent points) above
            that of the version before; null never stops.
    """

    tolerance: float | None = Field(None, ge=0)


def has_converged(ric: float | None, before: float | None, tolerance: float | None) -> bool:
    """Whether the evolution stops after a version.

    Args:
        ric: best RIC of the version; None when it was not trained, since it had stopped before.
        before: best RIC of the version before; None for the first one.
        tolerance: see :class:`ConvergenceParams`.
    """
    if ric is None:
        return True
    if before is None or tolerance is None:
        return False
    return ric - before < tolerance
