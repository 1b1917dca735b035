"""Resume a killed training: a work folder outside the outputs of the stage.

The folder is named by a hash of everything the result depends on, so a change of parameters or
inputs never continues from a state of other ones; it is deleted when training ends.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch


class WorkFolder:
    """Checkpoint of one training.

    Args:
        root: folder of all unfinished trainings.
        key: everything the result depends on, as JSON values.
    """

    def __init__(self, root: Path, key: Mapping[str, Any]) -> None:
        digest = hashlib.sha256(json.dumps(key, sort_keys=True, default=str).encode()).hexdigest()
        self.folder = root / digest[:16]

    def save(self, checkpoint: Mapping[str, Any]) -> None:
        """Replace the checkpoint; a reader sees the old or the new one, never half of it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.folder / "checkpoint.partial"
        torch.save(dict(checkpoint), partial)
        partial.replace(self.folder / "checkpoint.pt")

    def load(self) -> dict[str, Any] | None:
        """The checkpoint, or None when there is none."""
        path = self.folder / "checkpoint.pt"
        if not path.is_file():
            return None
        return torch.load(path, map_location="cpu", weights_only=True)

    def clear(self) -> None:
        """Delete the checkpoint."""
        shutil.rmtree(self.folder, ignore_errors=True)


def fingerprint(*folders: Path) -> str:
    """Hash of names, sizes and modification times of all files below ``folders``.

    Cheap for large artifacts; DVC has already checked their content.
    """
    lines = [
        f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}"
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
