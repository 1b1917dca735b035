"""The layouts that a data set can have, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.datasets import a2d, davis, folder, voc, youtube_objects
from pipeline.datasets.joint import add_images
from pipeline.datasets.video import Dataset
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import Params, parse_params


class Layout(NamedTuple):
    """Parameters of a layout, and its reader ``(root, parameters) -> Dataset``."""

    params: type[Params]
    load: Callable[[Path, Any], Dataset]


STILLS = "dataset.images"  # section of the still images

LAYOUTS: dict[str, Layout] = {
    "a2d": Layout(a2d.A2DParams, a2d.load),
    "davis": Layout(davis.DavisParams, davis.load),
    "folder": Layout(folder.FolderParams, folder.load),
    "voc": Layout(voc.VocParams, voc.load),
    "youtube_objects": Layout(youtube_objects.YouTubeObjectsParams, youtube_objects.load),
}


def load_dataset(root: Path, values: Mapping[str, Any], images: Path | None = None) -> Dataset:
    """Read a data set, and with it the still images of a second one where the section asks for it.

    Args:
        root: its folder.
        values: the ``dataset`` section: ``name``, ``root``, ``layout``, ``actions`` (whether tags
            name actions) and the parameters of that layout; ``images``: null, or ``root``,
            ``layout`` and its parameters for still images.
        images: folder of the second data set; not looked at where ``values`` have no ``images``.

    Raises:
        InputError: an unknown layout, a wrong parameter, or a data set that is not as it should be.
    """
    dataset = find_layout(values).load(root, layout_params(values))
    own = values.get("images")
    if own is None:
        return dataset
    if images is None:
        raise ValueError("expected the folder of dataset.images, got None")
    params = layout_params(own, STILLS)
    return add_images(dataset, find_layout(own, STILLS).load(images, params))


def check_dataset(values: Mapping[str, Any]) -> None:
    """Refuse a wrong parameter of the ``dataset`` section; no folder is looked at.

    Raises:
        InputError: an unknown layout or a wrong parameter, its own or of ``images``.
    """
    layout_params(values)
    images = values.get("images")
    if images is None:
        return
    if not isinstance(images, Mapping):
        raise InputError(f"parameter {STILLS} = {images!r}: use null, or a layout and a root")
    layout_params(images, STILLS)
    if not images.get("root"):
        raise InputError(f"parameter {STILLS}.root is missing")


def layout_params(values: Mapping[str, Any], prefix: str = "dataset") -> Params:
    """The parameters of the layout; InputError for a wrong one, named with ``prefix``."""
    others = ("name", "root", "images") if prefix == "dataset" else ("root",)
    own = {key: value for key, value in values.items() if key not in others}
    model = find_layout(values, prefix).params
    if "actions" not in model.model_fields and own.pop("actions", False):
        raise InputError(f"the layout {values['layout']} knows no actions; set tags=objects")
    return parse_params(model, own, prefix)


def find_layout(values: Mapping[str, Any], prefix: str = "dataset") -> Layout:
    """The layout that ``values["layout"]`` names; InputError if there is none."""
    name = values.get("layout")
    if name not in LAYOUTS:
        raise InputError(f"parameter {prefix}.layout = {name!r}: use one of {', '.join(LAYOUTS)}")
    return LAYOUTS[name]
