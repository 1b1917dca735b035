"""The stop rules over versions: the best RIC has converged (WS2 Algorithm 1), or a fixed number."""

from __future__ import annotations

from pydantic import Field

from pipeline.runtime.params import Params


class ConvergenceParams(Params):
    """When the evolution stops.

    Attributes:
        tolerance: stop after a version whose best RIC is less than this (in percent points) above
            that of the version before; null never stops.
        last: the last version that a segmenter is trained on (``v0`` is the first). What this
            segmenter predicts is the last pseudo-annotation, which is scored but not trained on.
            null: every configured version.
    """

    tolerance: float | None = Field(None, ge=0)
    last: str | None = Field(None, pattern=r"^v\d+$")


def has_converged(ric: float | None, before: float | None, tolerance: float | None) -> bool:
    """Whether the evolution stops after a version.

    Args:
        ric: best RIC of the version; None when no segmenter was trained on it.
        before: best RIC of the version before; None for the first one.
        tolerance: see :class:`ConvergenceParams`.
    """
    if ric is None:
        return True
    if before is None or tolerance is None:
        return False
    return ric - before < tolerance
