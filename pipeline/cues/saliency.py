"""Saliency of a frame without learning, or from a file: what stands out from the surroundings.

Frame-to-Frame (section 3.4) takes pixels of low saliency for background, by a trained detector;
these need no training. Maps are ``H W`` in [0, 1], each scaled to its own extremes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator
from scipy.ndimage import uniform_filter
from scipy.sparse import csr_array
from scipy.sparse.csgraph import shortest_path

from pipeline.runtime.errors import InputError
from pipeline.runtime.params import Params

Image = npt.NDArray[np.uint8]
Regions = npt.NDArray[np.int32]
SaliencyMap = npt.NDArray[np.float32]
Method = Literal["boundary_connectivity", "spectral_residual", "file"]

_SIGMA_COLOUR = 10.0  # Zhu et al., section 3.2: in units of Lab, 7 is the optimal, 5 to 15 is alike
_SIGMA_CONNECTIVITY = 1.0
_SIGMA_SPACE = 0.25  # section 4.1, as a share of the frame's longer side


class SaliencyParams(Params):
    """Saliency.

    Attributes:
        method: ``boundary_connectivity`` (Zhu et al. 2014), ``spectral_residual`` (Hou and Zhang
            2007), or ``file``.
        folder: of ``file``: grey images ``<video>/<frame>.png`` of any size, one for each key
            frame, whose number from 0 has five digits; 255 is most salient.
    """

    method: Method = "boundary_connectivity"
    folder: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _folder_goes_with_file(self) -> SaliencyParams:
        if (self.method == "file") != (self.folder is not None):
            needed = "needs a folder" if self.method == "file" else "takes none: set folder to null"
            raise ValueError(f"method {self.method} {needed}")
        return self


def frame_saliency(
    image: Image, superpixels: Regions, video: str, frame: int, params: SaliencyParams
) -> SaliencyMap:
    """Saliency ``H W`` of a frame (``H W 3`` RGB) by the method of ``params``.

    Raises:
        InputError: the file of a map is missing or damaged.
    """
    if params.folder is not None:
        return read_saliency(Path(params.folder), video, frame, image.shape[:2])
    return METHODS[params.method](image, superpixels)


def boundary_connectivity(image: Image, superpixels: Regions) -> SaliencyMap:
    """Background-weighted contrast of superpixels (Zhu et al. 2014, Eq. 2-7, without optimisation).

    Background touches the border of the frame along much of its outline, an object hardly. The
    measure is the length of the frame's border inside a region of similar colours, divided by the
    root of the region's area. Superpixels stand out by their colour contrast to near ones that are
    background by this measure.

    Args:
        image: ``H W 3`` RGB.
        superpixels: ``H W``, numbered from 0, each of them present.

    Raises:
        ValueError: the shapes do not fit.
    """
    if image.shape != (*superpixels.shape, 3):
        raise ValueError(
            f"expected an image H W 3 and superpixels H W, received {image.shape} and "
            f"{superpixels.shape}"
        )
    count = int(superpixels.max()) + 1
    scaled = image.astype(np.float32) / 255
    lab = np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2Lab), np.float32)
    rows, columns = np.indices(superpixels.shape, dtype=np.float32) / max(superpixels.shape)
    colour = region_means(lab, superpixels)
    place = region_means(np.stack([rows, columns], axis=-1), superpixels)
    apart = np.linalg.norm(colour[:, None] - colour[None], axis=2)
    on_border = np.zeros(count, bool)
    for side in (superpixels[0], superpixels[-1], superpixels[:, 0], superpixels[:, -1]):
        on_border[side] = True
    similar = np.exp(-(_geodesic(apart, superpixels, on_border) ** 2) / (2 * _SIGMA_COLOUR**2))
    length, area = similar[:, on_border].sum(axis=1), similar.sum(axis=1)
    connectivity = length / np.sqrt(area)  # Eq. 3
    background = 1 - np.exp(-(connectivity**2) / (2 * _SIGMA_CONNECTIVITY**2))  # Eq. 6
    away = np.linalg.norm(place[:, None] - place[None], axis=2)
    near = np.exp(-(away**2) / (2 * _SIGMA_SPACE**2))
    contrast = (apart * near * background[None]).sum(axis=1)  # Eq. 7
    return _stretched(contrast[superpixels])


def spectral_residual(image: Image, superpixels: Regions | None = None) -> SaliencyMap:
    """What the log spectrum has beyond its local mean, back in the image (Hou and Zhang 2007).

    The frame is reduced to a width of 64 pixels, as in the paper; superpixels are not used.

    Raises:
        ValueError: not ``H W 3``.
    """
    if image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"expected an image H W 3, received shape {image.shape}")
    height, width = image.shape[:2]
    size = (64, max(round(64 * height / width), 1))
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float64)
    spectrum = np.fft.fft2(small)
    log_amplitude = np.log(np.abs(spectrum) + 1e-9)
    mean = uniform_filter(log_amplitude, 3, mode="wrap")  # a spectrum has no border
    residual = np.exp(log_amplitude - mean + 1j * np.angle(spectrum))
    found = cv2.GaussianBlur(np.abs(np.fft.ifft2(residual)) ** 2, (0, 0), 2.5)
    full = cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR)
    return _stretched(np.asarray(full, np.float64))


def read_saliency(folder: Path, video: str, frame: int, size: tuple[int, ...]) -> SaliencyMap:
    """A stored map (see :class:`SaliencyParams`), at ``size`` (height, width), 255 as 1.

    Raises:
        InputError: it is missing or damaged.
    """
    path = folder / video / f"{frame:05d}.png"
    stored = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) if path.is_file() else None
    if stored is None:
        raise InputError(f"saliency map {path} is missing or damaged; key frames count from 0")
    whole = cv2.resize(stored, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
    return (np.asarray(whole, np.float32) / 255).astype(np.float32)


METHODS: dict[str, Callable[[Image, Regions], SaliencyMap]] = {
    "boundary_connectivity": boundary_connectivity,
    "spectral_residual": spectral_residual,
}


def region_means(values: npt.NDArray[np.floating[Any]], regions: Regions) -> npt.NDArray[Any]:
    """Mean of ``H W C`` over each region: ``N C``."""
    flat = regions.ravel()
    size = np.bincount(flat)
    sums = [np.bincount(flat, weights=values[..., c].ravel()) for c in range(values.shape[2])]
    return np.stack(sums, axis=1) / np.maximum(size, 1)[:, None]


def _geodesic(
    apart: npt.NDArray[np.floating[Any]], superpixels: Regions, on_border: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Least sum of colour distances along a path of neighbours, ``N N`` (Eq. 4).

    Superpixels at the border are neighbours of each other (section 3.2): a background that an
    object divides stays one.
    """
    linked = np.zeros(apart.shape, bool)
    for one, other in (
        (superpixels[:, :-1], superpixels[:, 1:]),
        (superpixels[:-1], superpixels[1:]),
    ):
        linked[one, other] = True
    linked |= linked.T | (on_border[:, None] & on_border[None])
    np.fill_diagonal(linked, False)
    first, second = np.nonzero(linked)
    # a distance of 0 would be no edge at all in a sparse graph
    weights = np.maximum(apart[first, second], 1e-6)
    graph = csr_array((weights, (first, second)), shape=apart.shape)
    return shortest_path(graph, method="D", directed=False)


def _stretched(values: npt.NDArray[np.floating[Any]]) -> SaliencyMap:
    low, high = float(values.min()), float(values.max())
    if high <= low:
        return np.zeros(values.shape, np.float32)
    return ((values - low) / (high - low)).astype(np.float32)
