"""Trained models on disk: weights, what they are, and how training went.

A folder with ``weights-<criterion>.pt`` (a state dict, the best epoch by that criterion),
``model.json`` (how to build the network) and ``history.json`` (values by epoch, best epochs). A
model that was not trained, because the evolution had stopped, has the two JSON files only, with the
reason under ``absent``.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.artifacts.tables import read_json, write_json
from pipeline.runtime.errors import InputError
from pipeline.runtime.versions import library_versions, warn_of_other_versions

if TYPE_CHECKING:  # torch takes seconds to import, and stages that read figures only save them
    import torch

State = dict[str, "torch.Tensor"]
LAST = "last"  # the criterion of the weights after the last epoch


def write_model(
    folder: Path,
    description: Mapping[str, Any],
    history: Mapping[str, Any],
    states: Mapping[str, State],
) -> None:
    """Write a model; ``states`` maps a criterion's name to the weights of its best epoch."""
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    for criterion, state in states.items():
        buffer = io.BytesIO()
        # copies: bytes must not depend on what else a tensor's storage holds, nor on its strides
        whole = {
            k: v.detach().cpu().clone(memory_format=torch.contiguous_format)
            for k, v in state.items()
        }
        torch.save(whole, buffer)
        _write(folder / f"weights-{criterion}.pt", buffer.getvalue())
    write_json(folder / "history.json", history)
    write_json(folder / "model.json", {**description, "made_with": library_versions()})


def write_absent_model(folder: Path, reason: str) -> None:
    """Write the artifact of a model that was not trained, with the reason."""
    write_model(folder, {"absent": reason}, {}, {})


class Model:
    """A trained model, open for reading.

    Attributes:
        description: how to build the network, or why there is none.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.description = read_description(folder)

    def __reduce__(self) -> tuple[type[Model], tuple[Path]]:
        """Pickled by its path, like every artifact."""
        return type(self), (self.folder.absolute(),)

    @property
    def absent(self) -> bool:
        """Whether none was trained, because the evolution had stopped."""
        return "absent" in self.description

    @property
    def history(self) -> dict[str, Any]:
        """Values by epoch and best epochs."""
        return read_history(self.folder)

    def state(self, criterion: str) -> State:
        """Weights of the best epoch by ``criterion``; InputError if there are none."""
        return read_state(self.folder, criterion)


def read_description(folder: Path) -> dict[str, Any]:
    """How to build the network, or ``{"absent": reason}``."""
    description = read_json(folder / "model.json")
    warn_of_other_versions(description.pop("made_with", {}), str(folder))
    return description


def read_history(folder: Path) -> dict[str, Any]:
    """Values by epoch and best epochs."""
    return read_json(folder / "history.json")


def read_state(folder: Path, criterion: str) -> State:
    """Weights of the best epoch by ``criterion``.

    Raises:
        InputError: there are none.
    """
    path = folder / f"weights-{criterion}.pt"
    if not path.is_file():
        raise InputError(f"{path} does not exist; run dvc repro")
    import torch

    return torch.load(path, map_location="cpu", weights_only=True)


def _write(path: Path, data: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(data)
    partial.replace(path)
