"""The cues of a recipe: one reader for all of them.

Each has its own folder, named like the cue. One index lists the cues of the recipe with a digest of
each: stages that read cues depend on it alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from pipeline.artifacts.store import INDEX, Artifact
from pipeline.artifacts.tables import read_json, write_json
from pipeline.runtime.errors import InputError

CUES_INDEX = "index.json"
A = TypeVar("A", bound=Artifact)


class Cues:
    """The cues of a recipe.

    Args:
        folder: of all cues.
        names: of those that are read; None for all that the index names.
    """

    def __init__(self, folder: Path, names: Iterable[str] | None = None) -> None:
        self.folder = folder
        self.names = tuple(read_json(folder / CUES_INDEX) if names is None else names)

    def __reduce__(self) -> tuple[type[Cues], tuple[Path, tuple[str, ...]]]:
        """Pickled by its path, like every artifact."""
        return type(self), (self.folder.absolute(), self.names)

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def get(self, name: str, kind: type[A]) -> A | None:
        """A cue, to be read as ``kind``; None where the recipe has none of this name.

        Raises:
            InputError: it is of another kind.
        """
        return kind(self.folder / name) if name in self.names else None

    def need(self, name: str, kind: type[A]) -> A:
        """:meth:`get` of a cue that must be there; the parameters have been checked for it."""
        found = self.get(name, kind)
        if found is None:
            raise InputError(f"{self.folder} has no cue {name}; add it to the recipe's cues")
        return found


def cue_digest(folder: Path) -> str:
    """Digest of a whole cue, by its index, which holds those of its files."""
    with (folder / INDEX).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_cue_index(path: Path, digests: dict[str, str]) -> None:
    """Write the index of all cues: their names, in order, and a digest of each."""
    write_json(path, digests)
