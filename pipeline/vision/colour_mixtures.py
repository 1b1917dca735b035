"""Gaussian mixtures of colours, learned from the pixels of several frames weighted by their time.

M-CNN, Section 4.2: "we learn GMMs for a frame t with the motion segments from all the 10 frames in
a batch, weighting each of them inversely according to their distance from t". scikit-learn's
mixtures take no sample weights, so each is fitted to colours drawn in proportion to their weights,
deterministically.
"""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt

Colours = npt.NDArray[np.uint8]  # N 3, RGB
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_FLOOR = 4.0  # least variance of a component, squared grey levels: for uniform colours


def temporal_weights(count: int) -> Floats:
    """Weight ``T T`` of frame s in the mixtures of frame t: 1 / (1 + |t - s|).

    The paper's weight is the inverse of the distance, which is infinite for the frame itself: ours
    adds 1. Distances are counted in sampled frames, so the sampling rate of a shot changes nothing.
    """
    place = np.arange(count)
    return 1.0 / (1.0 + np.abs(place[:, None] - place[None, :]))


def weighted_draw(weights: Floats, count: int) -> npt.NDArray[np.int64]:
    """``count`` places of ``N`` weights, each drawn in proportion to its weight, without chance.

    The weights lie end to end on a line; places are where ``count`` points at equal distances
    fall. A weight of the share p is drawn between p count - 1 and p count + 1 times.

    Raises:
        ValueError: no weight is positive, or one is negative.
    """
    if not (weights >= 0).all() or not weights.sum() > 0:
        raise ValueError("expected weights >= 0 of which one is positive")
    ends = np.cumsum(weights)
    points = (np.arange(count) + 0.5) * (ends[-1] / count)
    return np.searchsorted(ends, points, side="right").astype(np.int64)


class ColourMixture:
    """A mixture of ``components`` Gaussians that starts each fit where the last one ended."""

    def __init__(self, components: int, samples: int) -> None:
        from sklearn.mixture import GaussianMixture  # only here: a second, which others save

        self.samples = samples
        self._mixture = GaussianMixture(
            components,
            init_params="k-means++",
            reg_covar=_FLOOR,
            tol=1e-2,
            max_iter=10,
            warm_start=True,
            random_state=0,
        )

    def fit(self, colours: Colours, weights: Floats) -> ColourMixture:
        """Fit to colours ``N 3`` with weights ``N``, and return itself.

        Raises:
            ValueError: no weight is positive.
        """
        from sklearn.exceptions import ConvergenceWarning

        drawn = colours[weighted_draw(weights, self.samples)].astype(np.float64)
        with warnings.catch_warnings():
            # a few steps from a good start are enough; fewer colours than components do no harm
            warnings.simplefilter("ignore", ConvergenceWarning)
            self._mixture.fit(drawn)
        return self

    def cost(self, colours: Colours) -> Floats:
        """Negative log likelihood ``N`` of colours ``N 3``, per cube of grey levels.

        As scikit-learn's, but one matrix product for all components: its loop over them takes ten
        times as long for the few colours of a frame.
        """
        factors = self._mixture.precisions_cholesky_  # K 3 3; a precision is F F^T
        centres = np.einsum("kc,kcd->kd", self._mixture.means_, factors)
        whitened = np.concatenate(factors, axis=1).T @ colours.T.astype(np.float64)  # 3K N
        squares = np.square(whitened - centres.reshape(-1, 1)).reshape(len(factors), 3, -1).sum(1)
        peaks = np.log(self._mixture.weights_) + np.log(np.einsum("kcc->kc", factors)).sum(1)
        logs = (peaks - 1.5 * np.log(2 * np.pi))[:, None] - squares / 2
        best = logs.max(0)
        return np.asarray(-best - np.log(np.exp(logs - best).sum(0)))

    @property
    def mean(self) -> Floats:
        """Mean colour ``3``."""
        return np.asarray(self._mixture.weights_ @ self._mixture.means_)


class ShotMixtures:
    """Foreground and background mixture of every frame of a shot."""

    def __init__(self, images: Colours, components: int, samples: int) -> None:
        """``images``: T H W 3, RGB."""
        self.colours = images.reshape(len(images), -1, 3)
        self.of_time = temporal_weights(len(images))
        self.mixtures = [
            (ColourMixture(components, samples), ColourMixture(components, samples)) for _ in images
        ]

    def fit(self, foreground: Mask, counted: Mask) -> bool:
        """Learn from masks ``T H W``: foreground, and background among the pixels that count.

        Returns:
            False, and nothing is learned, where the shot has no pixel of the one or the other.
        """
        sides = [(counted & ~foreground), (counted & foreground)]
        if not all(side.any() for side in sides):
            return False
        for number, side in enumerate(sides):
            own = side.reshape(len(side), -1)
            colours, frame = self.colours[own], np.nonzero(own)[0]
            for t, pair in enumerate(self.mixtures):
                pair[number].fit(colours, self.of_time[t][frame])
        return True

    def costs(self, t: int) -> tuple[Floats, Floats]:
        """Negative log likelihood of each pixel of frame t, row by row: background, foreground."""
        background, foreground = self.mixtures[t]
        return background.cost(self.colours[t]), foreground.cost(self.colours[t])
