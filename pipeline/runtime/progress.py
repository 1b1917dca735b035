"""Progress bars: on a terminal a moving line, elsewhere nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def progress(items: Iterable[T], what: str, total: int | None = None) -> Iterable[T]:
    """``items`` with a progress bar named ``what``; ``total`` where they have no length."""
    return tqdm(items, desc=what, total=total, leave=False, mininterval=1.0, disable=None)
