"""What every stage shares: arguments from dvc.yaml, parameters from params.yaml, clear errors.

A stage is a function whose keyword arguments are what dvc.yaml hands it: artifacts to read, paths
to write to, names. Its parameters come from its own section of params.yaml through the typed model
of the part it uses.
"""

from __future__ import annotations

import argparse
import inspect
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import yaml

from pipeline.runtime.errors import InputError
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.params import Params, parse_params

PARAMETERS = Path("params.yaml")
CODE = Path("data/code.json")  # digests by stage, see stages/fingerprint_code.py
PLACEHOLDER = "README.md"  # stands in dvc.yaml for an artifact that a recipe does not have
WIRING = ("model", "reads")  # of a cue: what its stage in dvc.yaml depends on
P = TypeVar("P", bound=Params)


def run(stage: Callable[..., None]) -> None:
    """Run a stage from the command line; bad input is one line on stderr and exit code 1.

    A stage's signature is its contract: an argument annotated with a reader of artifacts is opened
    from the path that dvc.yaml hands it, a path or a name stays one.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    warnings.filterwarnings("ignore", category=UserWarning)
    parser = argparse.ArgumentParser(description=(stage.__doc__ or "").splitlines()[0])
    hints = get_type_hints(stage)
    names = list(inspect.signature(stage).parameters)
    for name in names:
        parser.add_argument(f"--{name.replace('_', '-')}", required=True)
    given = vars(parser.parse_args())
    # the numerical libraries of worker processes read these when they start
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        check_code(Path(inspect.getfile(stage)).stem, given.get("name"))
        stage(**{name: convert(name, given[name], hints[name]) for name in names})
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


def convert(name: str, text: str, hint: Any) -> Any:
    """An argument as the stage wants it: a name, a path, or an artifact that is open for reading.

    Raises:
        InputError: the artifact is not there, and the stage cannot do without it.
    """
    kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    if Path(text).name == PLACEHOLDER:
        if NoneType in kinds:
            return None
        raise InputError(f"--{name.replace('_', '-')} is needed, and the recipe has none")
    kind = kinds[0]
    if kind is str or get_origin(kind) is Literal:
        return text
    return Path(text) if kind is Path else kind(Path(text))


def check_code(stage: str, part: str | None) -> None:
    """Refuse to run a stage whose code is not that of the digest by which DVC will know its result.

    ``dvc repro -s`` takes the digests as they lie there, and code may change during a long run.

    Raises:
        InputError: the digest is of other code; there is none where DVC does not run the stage.
    """
    if stage == "fingerprint_code" or not CODE.is_file():
        return
    from stages.code import stage_digest

    own, now = json.loads(CODE.read_text()).get(stage), stage_digest(stage)
    if isinstance(now, dict):
        own, now = (own or {}).get(part), now[str(part)]
    if own != now:
        raise InputError(
            f"the code of {stage} is not the one that {CODE} was written for; run dvc repro, "
            "without -s, or dvc repro -s fingerprint_code before it"
        )


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
    """The typed parameters of a cue, without what dvc.yaml needs to know of it."""
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
