"""The layouts that a data set can have, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.datasets import a2d, davis, folder
from pipeline.datasets.video import Dataset
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import Params, parse_params


class Layout(NamedTuple):
    """Parameters of a layout, and its reader ``(root, parameters) -> Dataset``."""

    params: type[Params]
    load: Callable[[Path, Any], Dataset]


LAYOUTS: dict[str, Layout] = {
    "a2d": Layout(a2d.A2DParams, a2d.load),
    "davis": Layout(davis.DavisParams, davis.load),
    "folder": Layout(folder.FolderParams, folder.load),
}


def load_dataset(root: Path, values: Mapping[str, Any]) -> Dataset:
    """Read a data set.

    Args:
        root: its folder.
        values: the ``dataset`` section: ``name``, ``root``, ``layout`` and the parameters of that
            layout.

    Raises:
        InputError: an unknown layout, a wrong parameter, or a data set that is not as it should be.
    """
    return find_layout(values).load(root, layout_params(values))


def layout_params(values: Mapping[str, Any]) -> Params:
    """The parameters of the layout; InputError for a wrong one."""
    own = {key: value for key, value in values.items() if key not in ("name", "root")}
    return parse_params(find_layout(values).params, own, "dataset")


def find_layout(values: Mapping[str, Any]) -> Layout:
    """The layout that ``values["layout"]`` names; InputError if there is none."""
    name = values.get("layout")
    if name not in LAYOUTS:
        raise InputError(f"parameter dataset.layout = {name!r}: use one of {', '.join(LAYOUTS)}")
    return LAYOUTS[name]
