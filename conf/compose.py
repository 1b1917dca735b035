"""Compose conf/ into params.yaml without running anything: ``python -m conf.compose [key=value]``.

``dvc exp run -S key=value`` does the same before it runs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

FOLDER = Path(__file__).resolve().parent


def composed(overrides: list[str]) -> dict[str, Any]:
    """The parameters that these overrides compose to."""
    with initialize_config_dir(str(FOLDER), version_base=None):
        config = compose("config", overrides)
    return OmegaConf.to_container(config, resolve=True)  # type: ignore[return-value]


if __name__ == "__main__":
    text = yaml.safe_dump(composed(sys.argv[1:]), sort_keys=False, default_flow_style=None)
    Path("params.yaml").write_text(text)
