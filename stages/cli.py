"""What every stage shares: arguments from dvc.yaml, parameters from params.yaml, clear errors.

A stage is a function whose keyword arguments are the paths and names that dvc.yaml hands it. Its
parameters come from its own section of params.yaml through the typed model of the part it uses.
"""

from __future__ import annotations

import argparse
import hashlib
import inspect
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import yaml

from pipeline.runtime.allocator import keep_freed_memory
from pipeline.runtime.errors import InputError
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.params import Params, parse_params

PARAMETERS = Path("params.yaml")
CODE = Path("data/code.json")  # digests by stage, see stages/fingerprint_code.py
CHECKED = Path(".work/checked-parameters")
P = TypeVar("P", bound=Params)


def run(stage: Callable[..., None]) -> None:
    """Run a stage from the command line; bad input is one line on stderr and exit code 1."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    warnings.filterwarnings("ignore", category=UserWarning)
    parser = argparse.ArgumentParser(description=(stage.__doc__ or "").splitlines()[0])
    hints = get_type_hints(stage)
    for name, parameter in inspect.signature(stage).parameters.items():
        required = parameter.default is inspect.Parameter.empty
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=Path if hints[name] is Path else str,
            required=required,
            default=None if required else parameter.default,
        )
    arguments = vars(parser.parse_args())
    # the numerical libraries of worker processes read these when they start
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    keep_freed_memory()
    try:
        check_code(Path(inspect.getfile(stage)).stem)
        check_parameters()
        stage(**arguments)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


def check_code(name: str) -> None:
    """Refuse to run a stage whose code is not that of the digest by which DVC will know its result.

    ``dvc repro -s`` takes the digests as they lie there, and code may change during a long run.

    Raises:
        InputError: the digest is of other code; there is none where DVC does not run the stage.
    """
    if name == "fingerprint_code" or not CODE.is_file():
        return
    from stages.code import stage_digest

    if json.loads(CODE.read_text()).get(name) != stage_digest(name):
        raise InputError(
            f"the code of {name} is not the one that {CODE} was written for; run dvc repro, "
            "without -s, or dvc repro -s fingerprint_code before it"
        )


def check_parameters() -> None:
    """Refuse a wrong parameter of any stage, so that it is known before hours of work.

    The check imports every part, which takes seconds: what has passed is remembered by a hash of
    params.yaml and of all code, and the other stages of a run need not check it again.
    """
    values = read_parameters()
    code = [p for room in ("pipeline", "stages") for p in sorted(Path(room).rglob("*.py"))]
    digest = hashlib.sha256()
    for path in [PARAMETERS, *code]:
        digest.update(path.read_bytes())
    if CHECKED.is_file() and CHECKED.read_text() == digest.hexdigest():
        return
    from stages.schema import check_all

    check_all(values)
    CHECKED.parent.mkdir(exist_ok=True)
    CHECKED.write_text(digest.hexdigest())


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


def is_null(name: str) -> bool:
    """Whether a section is null, or left out: the part is not needed."""
    values: Any = read_parameters()
    for part in name.split("."):
        values = values.get(part) if isinstance(values, Mapping) else None
    return values is None


def seed() -> int:
    """The seed of the run."""
    return int(read_parameters()["seed"])


def machine() -> MachineParams:
    """Where the work runs."""
    return section("machine", MachineParams)
