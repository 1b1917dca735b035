"""Progress bars: on a terminal a moving line, elsewhere nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def progress(items: Sequence[T], what: str) -> Iterable[T]:
    """``items`` with a progress bar named ``what``."""
    return tqdm(items, desc=what, leave=False, mininterval=1.0, disable=None)
