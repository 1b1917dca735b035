"""Latent labels of a shot: colours of motion segments, the network's answer, smoothness.

M-CNN (Tokmakov, Alahari and Schmid, ECCV 2016), Section 3.2: the labels that minimise

    E(x) = sum_i [ psi_m(z_i) + alpha psi_fc(p_i) ] + sum_(i,j) psi_ij(x_i, x_j)             (Eq. 2)
    psi_ij = lambda (1 - Delta_ij) [x_i != x_j] exp(-gamma |z_i - z_j|^2) / dist(i, j)       (Eq. 3)

minimised alternately: a graph cut, then colour mixtures fitted to its labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from pipeline.datasets.taxonomy import BACKGROUND, IGNORE
from pipeline.initial_pa.motion_labels import hard_labels
from pipeline.prediction.answer import Answer
from pipeline.prediction.correction import Correction
from pipeline.runtime.params import Params
from pipeline.vision.colour_mixtures import ShotMixtures
from pipeline.vision.graph_cut import Grid, contrast_weights, pixel_grid, potts_cut

if TYPE_CHECKING:
    from pipeline.prediction.read_evidence import Evidence

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.uint8]

_UNSURE = 0.05  # probability that a motion segment is wrong at a pixel


class LatentParams(Params):
    """Labels that are inferred anew for every batch.

    Attributes:
        motion: ``soft``: colour mixtures are fitted to motion segments (the paper); ``hard``: they
            are the labels (its comparison, Table 1).
        rule: decoding rule for the network's output in training, see
            :class:`pipeline.networks.inference.Decoding`. With ``foreground`` (ours) a network that
            is still unsure of the class is not decoded as background.
        alpha: weight of the network's answer in the first version.
        alpha_finetune: the same in later versions, whose network is more reliable.
        location: weight of the location term (ours; 0 is the paper, which uses only the colours of
            motion segments): -log of the blurred motion segment, in [0.05, 0.95].
        blur: standard deviation of that blur, as a share of ``side``.
        floor: lower bound of the network's probabilities (ours). Without one, a network that is
            sure of the background in its first steps outweighs all motion, and stays sure.
        smoothness: lambda. The paper leaves it open; a cost of 1 is a factor of e in a likelihood.
        gamma: how fast the smoothness falls with the contrast, see
            :func:`pipeline.vision.graph_cut.contrast_weights`.
        rounds: of a cut and new mixtures.
        components: of a colour mixture.
        samples: colours that a mixture is fitted to.
        side: longer side in pixels of the maps that labels are inferred on during training; those
            of a pseudo-annotation are inferred at the size of the frames.
    """

    motion: Literal["soft", "hard"] = "soft"
    rule: Literal["foreground", "argmax"] = "argmax"
    alpha: float = Field(default=1.0, ge=0)
    alpha_finetune: float = Field(default=2.0, ge=0)
    location: float = Field(default=1.0, ge=0)
    blur: float = Field(default=0.02, gt=0, le=1)
    floor: float = Field(default=0.01, gt=0, lt=1)
    smoothness: float = Field(default=5.0, ge=0)
    gamma: float = Field(default=0.5, ge=0)
    rounds: int = Field(default=4, ge=1)
    components: int = Field(default=5, ge=1)
    samples: int = Field(default=500, ge=10)
    side: int = Field(default=80, ge=8)

    def alpha_of(self, version: str) -> float:
        """Weight of the network's answer in the labels that a version is trained with."""
        return self.alpha if version == "v0" else self.alpha_finetune


@dataclass(frozen=True)
class Shot:
    """What labels of a shot are inferred from, frames in order of time.

    Attributes:
        images: T H W 3, RGB.
        segments: T H W, motion segments.
        boundaries: T H W, the band around the motion boundary.
        inside: T H W, pixels of the frame; the others are padding, which teaches nothing.
        labels: of the video's tags, at least one.
    """

    images: npt.NDArray[np.uint8]
    segments: Mask
    boundaries: Mask
    inside: Mask
    labels: Sequence[int]


def infer_labels(shot: Shot, probs: Floats, alpha: float, params: LatentParams) -> Labels:
    """The labels of minimal energy, M-CNN Eq. 2 and 3.

    A shot in which all or none of the pixels move has no colours to compare: its labels are the
    motion segments themselves.

    Args:
        shot: the frames.
        probs: T 1+L H W, the network's probabilities of the background and of the shot's labels.
        alpha: weight of the network's answer.
        params: the rest of the energy.

    Returns:
        Labels T H W: 0, one of the shot's labels, or 255 outside the frame.

    Raises:
        ValueError: the shapes differ.
    """
    _check(shot, probs)
    count, height, width = shot.segments.shape
    mixtures = ShotMixtures(shot.images, params.components, params.samples)
    candidates = [BACKGROUND, *shot.labels]
    found = hard_labels(shot.segments, shot.labels)
    if params.motion == "soft" and mixtures.fit(shot.segments, shot.inside):
        grid = pixel_grid(height, width)
        smooth = [_smoothness(shot, t, grid, params) for t in range(count)]
        fixed = alpha * -np.log(np.maximum(probs, params.floor))
        fixed += params.location * _location(shot, params)
        for turn in range(params.rounds):
            cuts = [
                potts_cut(_unary(mixtures, fixed, shot, t), grid.edges, smooth[t])
                for t in range(count)
            ]
            found = np.array(candidates, np.uint8)[np.stack(cuts)].reshape(count, height, width)
            if turn + 1 < params.rounds:
                mixtures.fit(found != BACKGROUND, shot.inside)
    return np.where(shot.inside, found, IGNORE).astype(np.uint8)


def _location(shot: Shot, params: LatentParams) -> Floats:
    """Location term: cost ``T L H W`` of the background and of each label."""
    deviation = params.blur * max(shot.segments.shape[1:])
    blurred = [cv2.GaussianBlur(s.astype(np.float64), (0, 0), deviation) for s in shot.segments]
    inside = np.clip(np.stack(blurred), _UNSURE, 1 - _UNSURE)
    return -np.log(np.stack([1 - inside, *[inside] * len(shot.labels)], axis=1))


def _unary(mixtures: ShotMixtures, fixed: Floats, shot: Shot, t: int) -> Floats:
    """Costs ``N L`` of frame t: psi_m, the same for every label of an object, and the ``fixed``."""
    background, foreground = mixtures.costs(t)
    objects = [foreground] * len(shot.labels)
    total = np.stack([background, *objects], axis=1) + fixed[t].reshape(fixed.shape[1], -1).T
    return total * shot.inside[t].reshape(-1, 1)


def _smoothness(shot: Shot, t: int, grid: Grid, params: LatentParams) -> Floats:
    """psi_ij of the edges of frame t (Eq. 3) for two pixels of different labels."""
    colours = shot.images[t].reshape(-1, 3).astype(np.float64)
    band = shot.boundaries[t].ravel()
    outside = ~(band[grid.edges[:, 0]] & band[grid.edges[:, 1]])
    return params.smoothness * outside * contrast_weights(colours, grid, params.gamma)


def _check(shot: Shot, probs: Floats) -> None:
    size = shot.segments.shape
    shapes = [shot.images.shape[:3], shot.boundaries.shape, shot.inside.shape]
    expected = (size[0], 1 + len(shot.labels), *size[1:])
    if len(size) != 3 or any(s != size for s in shapes) or probs.shape != expected:
        raise ValueError(
            f"expected images, segments, boundaries, inside T H W and probabilities T 1+L H W of "
            f"one size, received {shapes[0]}, {size}, {shapes[1]}, {shapes[2]}, {probs.shape}"
        )


def infer_prediction(answer: Answer, evidence: Evidence, params: LatentParams) -> Answer:
    """Label maps that agree with the network, with motion and with colours.

    Eq. 2 at the size of the frames, which count as one shot. A still image, and frames without any
    motion, keep the network's answer: they have no colours to compare.
    """
    motion, labels = evidence.motion(), evidence.labels
    if motion is None or labels is None or not motion[0].any():
        return answer
    segments, bands = motion
    inside = np.ones(segments.shape, bool)
    shot = Shot(evidence.images, segments, bands, inside, labels)
    alpha = params.alpha_of(evidence.version)
    return answer.decide(infer_labels(shot, answer.probs().astype(np.float64), alpha, params))


LATENT_LABELS = Correction(
    LatentParams,
    infer_prediction,
    needs=("motion",),
    needs_tags=True,
    needs_logits=True,
    slow=True,
)
