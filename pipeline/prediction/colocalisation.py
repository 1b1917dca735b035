"""Co-localisation: the video's object in a frame, by a graph cut over superpixels.

M-CNN (Tokmakov, Alahari and Schmid, ECCV 2016), Section 4.5: one colour mixture is fitted to the
pixels with a high object probability, another to those with a high background probability; with the
network's output they make the unary term of Eq. 2, which is minimised over superpixels; the box
around the largest component is the object's place.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from pipeline.runtime.params import Params
from pipeline.vision.colour_mixtures import ColourMixture
from pipeline.vision.graph_cut import binary_cut, contrast_weights, pixel_grid

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_LEAST = 1e-6  # of a probability: its cost stays finite


class ColocaliseParams(Params):
    """Co-localisation.

    Attributes:
        high: least probability of the pixels that a colour mixture is fitted to.
        alpha: weight of the network's answer beside the colours (Eq. 2).
        smoothness: lambda of Eq. 3.
        gamma: how fast the smoothness falls with the contrast.
        components: of a colour mixture.
        samples: colours that a mixture is fitted to.
    """

    high: float = Field(default=0.7, ge=0.5, lt=1)
    alpha: float = Field(default=1.0, ge=0)
    smoothness: float = Field(default=5.0, ge=0)
    gamma: float = Field(default=0.5, ge=0)
    components: int = Field(default=5, ge=1)
    samples: int = Field(default=500, ge=10)


def object_mask(
    image: npt.NDArray[np.uint8],
    probs: npt.NDArray[np.floating[Any]],
    superpixels: npt.NDArray[np.int32],
    params: ColocaliseParams,
) -> Mask:
    """The object's pixels.

    The energy of Eq. 2 and 3 with one label for each superpixel: unary costs are summed over its
    pixels, smoothness along its borders.

    Args:
        image: ``H W 3``, RGB.
        probs: ``H W``, probability of the object.
        superpixels: ``H W``, numbered from 0.
        params: the energy.

    Returns:
        Mask ``H W``. If no pixel reaches ``high`` for the object, or none for the background, the
        pixels with a probability above 1/2.

    Raises:
        ValueError: the shapes differ.
    """
    if not image.shape[:2] == probs.shape == superpixels.shape:
        raise ValueError(
            f"expected an image, probabilities and superpixels of one size, received "
            f"{image.shape}, {probs.shape}, {superpixels.shape}"
        )
    colours = image.reshape(-1, 3)
    answer = np.stack([1 - probs.ravel(), probs.ravel()], axis=1).astype(np.float64)
    sure = answer >= params.high
    if not sure.any(axis=0).all():
        return np.asarray(probs > 0.5)
    unary = params.alpha * -np.log(np.maximum(answer, _LEAST))
    for side in (0, 1):
        own = colours[sure[:, side]]
        mixture = ColourMixture(params.components, params.samples).fit(own, np.ones(len(own)))
        unary[:, side] += mixture.cost(colours)
    place = superpixels.ravel()
    count = int(place.max()) + 1
    sums = [np.bincount(place, unary[:, side], count) for side in (0, 1)]
    costs = np.stack(sums, axis=1).astype(np.float64)
    edges, weights = _borders(colours, superpixels, params)
    return binary_cut(costs, edges, weights)[superpixels]


def _borders(
    colours: npt.NDArray[np.uint8], superpixels: npt.NDArray[np.int32], params: ColocaliseParams
) -> tuple[npt.NDArray[np.int64], Floats]:
    """Pairs of neighbouring superpixels E 2, and the smoothness summed along their border, E."""
    grid = pixel_grid(superpixels.shape[0], superpixels.shape[1])
    weights = params.smoothness * contrast_weights(colours.astype(np.float64), grid, params.gamma)
    pairs = np.sort(superpixels.ravel()[grid.edges].astype(np.int64), axis=1)
    apart = pairs[:, 0] != pairs[:, 1]
    edges, number = np.unique(pairs[apart], axis=0, return_inverse=True)
    sums = np.bincount(number.ravel(), weights[apart], len(edges))
    return edges.astype(np.int64), sums.astype(np.float64)
