"""Compose conf/ into params.yaml without running anything: ``python -m conf.compose [key=value]``.

``dvc exp run -S key=value`` does the same before it runs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, cast

import yaml
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from pipeline.runtime.errors import InputError
from stages.schema import check_all

FOLDER = Path(__file__).resolve().parent


def composed(overrides: list[str]) -> dict[str, Any]:
    """The parameters that these overrides compose to.

    Raises:
        InputError: an override that does not fit.
    """
    try:
        with initialize_config_dir(str(FOLDER), version_base=None):
            config = compose("config", overrides)
        values = OmegaConf.to_container(config, resolve=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise InputError(f"cannot compose conf/: {' '.join(str(error).split())}") from None
    return cast(dict[str, Any], values)


def checked(overrides: list[str]) -> dict[str, Any]:
    """:func:`composed`, and InputError where anything is wrong with it."""
    values = composed(overrides)
    check_all(values)
    return values


def main(overrides: list[str]) -> None:
    """Write params.yaml; bad input is one line on stderr and exit code 1."""
    try:
        values = checked(overrides)
    except InputError as error:
        sys.exit(f"error: {error}")
    text = yaml.safe_dump(values, sort_keys=False, default_flow_style=None)
    Path("params.yaml").write_text(text)


if __name__ == "__main__":
    main(sys.argv[1:])
