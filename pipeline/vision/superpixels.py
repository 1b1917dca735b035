"""Superpixels of a frame: the table of methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import create_model, field_validator

from pipeline.runtime.params import Params
from pipeline.vision.felzenszwalb import FelzenszwalbParams, felzenszwalb_superpixels
from pipeline.vision.slic import SlicParams, slic_superpixels


class Method(NamedTuple):
    """A method: the model of its parameters, and ``segment(image H W 3, parameters) -> H W``.

    The numbers go from 0 to the number of superpixels - 1, every one of them present.
    """

    params: type[Params]
    segment: Callable[[npt.NDArray[np.uint8], Any], npt.NDArray[np.int32]]


SUPERPIXELS: dict[str, Method] = {
    "slic": Method(SlicParams, slic_superpixels),
    "felzenszwalb": Method(FelzenszwalbParams, felzenszwalb_superpixels),
}

# A field for the parameters of each method, chosen or not.
_fields: Any = {name: (method.params, method.params()) for name, method in SUPERPIXELS.items()}
_Parameters: Any = create_model("_Parameters", __base__=Params, **_fields)


class SuperpixelParams(_Parameters):
    """Superpixels: a method, and the parameters of each under its name.

    Attributes:
        method: a name of :data:`SUPERPIXELS`.
    """

    method: str = "slic"

    @field_validator("method")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in SUPERPIXELS:
            raise ValueError(f"use one of {', '.join(SUPERPIXELS)}")
        return name


def superpixels(image: npt.NDArray[np.uint8], params: SuperpixelParams) -> npt.NDArray[np.int32]:
    """Superpixels ``H W`` of a frame ``H W 3`` RGB by the chosen method, numbered from 0."""
    return SUPERPIXELS[params.method].segment(image, getattr(params, params.method))
