"""The layouts that a data set can have, by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.datasets import a2d, davis, folder
from pipeline.datasets.video import Dataset
from pipeline.runtime.params import Params


class Layout(NamedTuple):
    """Parameters of a layout, and its reader ``(root, parameters) -> Dataset``."""

    params: type[Params]
    load: Callable[[Path, Any], Dataset]


LAYOUTS: dict[str, Layout] = {
    "a2d": Layout(a2d.A2DParams, a2d.load),
    "davis": Layout(davis.DavisParams, davis.load),
    "folder": Layout(folder.FolderParams, folder.load),
}
