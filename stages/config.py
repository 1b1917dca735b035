"""The parameters of a stage: its own section of params.yaml, typed by the part that uses it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

from pipeline.runtime.errors import InputError
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.params import Params, parse_params

PARAMETERS = Path("params.yaml")
WIRING = ("model", "reads")  # of a cue: what its stage in dvc.yaml depends on
P = TypeVar("P", bound=Params)


def read_parameters() -> dict[str, Any]:
    """All of params.yaml."""
    try:
        values = yaml.safe_load(PARAMETERS.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"cannot read {PARAMETERS}: {str(error).splitlines()[0]}") from None
    if not isinstance(values, Mapping):
        raise InputError(f"{PARAMETERS} holds no sections; run python -m conf.compose")
    return dict(values)


def section(name: str, model: type[P]) -> P:
    """The typed parameters of a section; ``name`` may have dots."""
    values: Any = read_parameters()
    for part in name.split("."):
        if not isinstance(values, Mapping) or part not in values:
            raise InputError(f"{PARAMETERS} has no section {name}; run python -m conf.compose")
        values = values[part]
    if not isinstance(values, Mapping):
        raise InputError(f"section {name} of {PARAMETERS} must hold parameters, got {values!r}")
    return parse_params(model, values, name)


def cue_params(name: str, model: type[P]) -> P:
    """The typed parameters of a cue, without the keys that only dvc.yaml uses."""
    values = read_parameters().get("cues", {}).get(name)
    if not isinstance(values, Mapping):
        raise InputError(f"{PARAMETERS} has no section cues.{name}; run python -m conf.compose")
    own = {key: value for key, value in values.items() if key not in WIRING}
    return parse_params(model, own, f"cues.{name}")


def seed() -> int:
    """The seed of the run."""
    return int(read_parameters()["seed"])


def machine() -> MachineParams:
    """Where the work runs."""
    return section("machine", MachineParams)
