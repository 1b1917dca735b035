"""Versions of the libraries that results depend on, for the record beside each artifact."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import parent_process

log = logging.getLogger(__name__)

# The distributions that provide each library, by the name of the library.
_LIBRARIES = {
    "torch": ("torch",),
    "opencv": ("opencv-python-headless", "opencv-python", "opencv-contrib-python"),
    "scikit-image": ("scikit-image",),
}


@cache
def library_versions() -> dict[str, str]:
    """The installed version of each library; nothing is imported for it."""
    found = {name: _version(distributions) for name, distributions in _LIBRARIES.items()}
    return {name: text for name, text in found.items() if text is not None}


def warn_of_other_versions(made_with: Mapping[str, str], what: str) -> None:
    """Say once, in the first process alone, that something was made with other versions.

    Args:
        made_with: versions by library.
        what: was made with them, for the message.
    """
    own = library_versions()
    other = [
        f"{name} {made_with[name]} (here {own[name]})"
        for name in sorted(own)
        if name in made_with and made_with[name] != own[name]
    ]
    if other and parent_process() is None:
        _warn_once(", ".join(other), what)


def _version(distributions: tuple[str, ...]) -> str | None:
    for name in distributions:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return None


_warned: set[str] = set()


def _warn_once(other: str, what: str) -> None:
    if other not in _warned:
        _warned.add(other)
        log.warning("%s was made with %s: results may differ in their last digits", what, other)
