"""Attention map -> binary mask: Otsu's threshold, Otsu twice, or a fixed threshold.

WS2, Section 3.1 (Otsu 1979: the threshold that minimises the variance inside the two classes).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field
from skimage.filters import threshold_otsu

from pipeline.runtime.params import Params

Variant = Literal["otsu", "otsu_twice", "fixed"]

_otsu: Callable[[npt.NDArray[np.floating[Any]]], float] = threshold_otsu  # scikit-image is untyped


class BinariseParams(Params):
    """How a normalised attention map becomes a mask.

    Attributes:
        variant: ``otsu`` (the paper); ``otsu_twice`` (ours: Otsu again among the pixels above the
            first threshold, since a class activation map covers far more than its object); or
            ``fixed``.
        threshold: of the variant ``fixed`` only, in [0, 1].
    """

    variant: Variant = "otsu"
    threshold: float = Field(default=0.5, ge=0, le=1)


def otsu_mask(
    attention: npt.NDArray[np.floating[Any]], variant: Variant = "otsu", threshold: float = 0.5
) -> npt.NDArray[np.bool_]:
    """Binarise one attention map; the mask holds the pixels strictly above the threshold.

    Args:
        attention: ``H W``, finite, normalised to [0, 1] (see ``BinariseParams`` for the rest).
        variant: which threshold.
        threshold: of the variant ``fixed``.

    Returns:
        Mask ``H W``. A constant map (all zero, say) has no threshold and gives an empty mask under
        both Otsu variants. Under ``otsu_twice``, pixels above the first threshold that all have
        one value cannot be divided any more and stay.

    Raises:
        ValueError: not two axes, or values that are not finite.
    """
    if attention.ndim != 2:
        raise ValueError(f"expected an attention map H W, received shape {attention.shape}")
    if not np.isfinite(attention).all():
        raise ValueError("expected a finite attention map, received NaN or infinity")
    if variant == "fixed":
        return np.asarray(attention > threshold)
    if attention.min() == attention.max():
        return np.zeros(attention.shape, dtype=np.bool_)
    mask = np.asarray(attention > _otsu(attention))
    if variant == "otsu":
        return mask
    above = attention[mask]
    if above.min() == above.max():
        return mask
    return np.asarray(attention > _otsu(above))
