"""How every stage starts: arguments from dvc.yaml, the check of its code, errors in one line.

A stage is a function whose keyword arguments are what dvc.yaml hands it: artifacts to read, paths
to write to, names.
"""

from __future__ import annotations

import argparse
import inspect
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pipeline.runtime.errors import InputError

CODE = Path("data/code.json")  # digests by stage, see stages/fingerprint_code.py
PLACEHOLDER = "README.md"  # stands in dvc.yaml for an artifact that a recipe does not have


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
    """Refuse to run a stage whose code differs from the digest that DVC records with its result.

    ``dvc repro -s`` does not renew the digests, and code may change during a long run. Without a
    file of digests DVC does not run the stage, and nothing is checked.

    Raises:
        InputError: the digest is of other code.
    """
    if stage == "fingerprint_code" or not CODE.is_file():
        return
    from stages.code import TABLES, stage_digest

    own = json.loads(CODE.read_text()).get(stage)
    if isinstance(own, dict):  # by part
        if part not in own:
            raise InputError(f"{CODE} knows no part {part} of {stage}; run dvc repro")
        own = own[part]
    now = stage_digest(stage, part if stage in TABLES else None)
    if own != now:
        raise InputError(
            f"the code of {stage} is not the one that {CODE} was written for; run dvc repro, "
            "without -s, or dvc repro -s fingerprint_code before it"
        )
