"""Unsupervised segmentation of what moves in a video.

Papazoglou and Ferrari, *Fast object segmentation in unconstrained video*, ICCV 2013: an inside-
outside map for each frame (Section 3.1), then one graph cut over the superpixels of all frames with
appearance and location models (Section 3.2). Ours:

- flow is taken against the dominant motion of the frame (the camera's);
- an object moves both from the frame before and to the next: of the two, the smaller motion counts,
  which removes the errors of either flow at the object's border;
- the fastest pixels (Otsu) over some frames count beside those that motion boundaries enclose,
  since modern dense flow is smooth, and its boundaries have gaps;
- motion counts less where the camera's motion explains the image as well;
- the location prior that counts as undecided is relative to the surest ones of the video.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from pipeline.cues.own_motion import OwnMotionParams, against_camera, own_motion
from pipeline.cues.video_regions import (
    Floats,
    VideoRegions,
    carry,
    spatial_links,
    temporal_links,
    video_regions,
)
from pipeline.datasets.video import fitted_size
from pipeline.vision.colour_mixtures import ColourMixture
from pipeline.vision.graph_cut import binary_cut
from pipeline.vision.slic import SlicParams, slic_superpixels
from pipeline.vision.warping import Flow, at_size, consistent

Image = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


class MotionParams(OwnMotionParams):
    """Motion segmentation: motion against the camera, and the graph cut.

    Attributes:
        max_side: longer side at most, in pixels, at which it works; null keeps the frames' size.
        superpixels: nodes of the graph; fewer in small frames, so that each has 16 pixels.
        own: weight of a superpixel's own motion in its location prior; the rest comes along the
            flow.
        prior: location prior that counts as undecided, as a share of the typical one of moving
            objects.
        components: Gaussians of the foreground's and of the background's colours.
        samples: superpixels that each mixture is fitted to.
        window: frames that share their mixtures.
        reach: frames after which another frame's colours have lost 1 - 1/e of their weight.
        location: weight of the unary term of location.
        appearance: weight of the unary term of colours.
        spatial: weight of links in a frame.
        temporal: weight of links between frames.
        band: pixels, at the frames' size, to either side of a segment's border that make its band.
    """

    max_side: int | None = Field(default=427, ge=32)
    superpixels: SlicParams = SlicParams(segments=1500, compactness=20.0, iterations=5)
    own: float = Field(default=0.2, gt=0, le=1)
    prior: float = Field(default=0.7, gt=0, lt=1)
    components: int = Field(default=5, ge=1)
    samples: int = Field(default=1500, ge=10)
    window: int = Field(default=10, ge=1)
    reach: float = Field(default=22.0, gt=0)
    location: float = Field(default=1.0, ge=0)
    appearance: float = Field(default=0.5, ge=0)
    spatial: float = Field(default=1.0, ge=0)
    temporal: float = Field(default=1.5, ge=0)
    band: int = Field(default=3, ge=1)


def segment_motion(
    images: Sequence[Image],
    forward: Sequence[Flow],
    backward: Sequence[Flow],
    params: MotionParams,
) -> Mask:
    """Segments of what moves in each of T >= 2 frames.

    Args:
        images: T frames ``H W 3``, RGB.
        forward: T - 1 flows of any one size, each from a frame to the next.
        backward: T - 1 flows, each from the next frame back.
        params: see there.

    Returns:
        ``T H W``; empty where nothing moves.

    Raises:
        ValueError: the numbers of frames and flows do not fit.
    """
    if len(images) < 2 or not len(forward) == len(backward) == len(images) - 1:
        raise ValueError(
            f"expected T >= 2 frames and T - 1 flows in both directions, received {len(images)} "
            f"frames, {len(forward)} and {len(backward)} flows"
        )
    full = images[0].shape[:2]
    height, width = fitted_size(full[0], full[1], params.max_side)
    if (height, width) != full:
        images = [_resized(x, height, width) for x in images]
    onward = against_camera([at_size(f, height, width) for f in forward])
    back = against_camera([at_size(f, height, width) for f in backward])
    most = min(params.superpixels.segments, height * width // _SMALLEST)
    slic = params.superpixels.model_copy(update={"segments": most})
    regions = video_regions(images, [slic_superpixels(x, slic) for x in images])
    ratio = np.concatenate(
        [regions.mean(t, own_motion(images, onward, back, t, params)) for t in range(len(images))]
    )
    labels = _cut(regions, ratio, onward.flows, back.flows, params)
    masks = np.stack([regions.paint(t, labels) for t in range(len(images))])
    return masks if (height, width) == full else _enlarged(masks, full[0], full[1])


_SMALLEST = 16  # pixels of a superpixel


def _resized(image: Image, height: int, width: int) -> Image:
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _enlarged(masks: Mask, height: int, width: int) -> Mask:
    rows = np.arange(height) * masks.shape[1] // height
    columns = np.arange(width) * masks.shape[2] // width
    return masks[:, rows[:, None], columns]


def _cut(
    regions: VideoRegions,
    ratio: Floats,
    forward: Sequence[Flow],
    backward: Sequence[Flow],
    params: MotionParams,
) -> Mask:
    """The labels ``N`` of least energy (Eq. 4 to 8)."""
    if not ratio.any():
        return np.zeros(len(ratio), np.bool_)
    sure = [consistent(f, b) for f, b in zip(forward, backward, strict=True)]
    temporal, share = temporal_links(regions, forward, sure)
    spatial = spatial_links(regions)
    carried = carry(ratio, regions, temporal.pairs, share, params.own)
    mass = carried * regions.area
    typical = float((carried * mass).sum() / mass.sum())  # mean, weighted by the location itself
    location = np.clip(carried / (2 * params.prior * typical), 0, 1)
    unary = params.location * _costs(location, 1e-3)
    unary += params.appearance * _costs(appearance(regions, location, params), 0.02)
    return binary_cut(
        unary,
        np.concatenate([spatial.pairs, temporal.pairs]),
        np.concatenate([params.spatial * spatial.weight, params.temporal * temporal.weight]),
    )


def appearance(regions: VideoRegions, location: Floats, params: MotionParams) -> Floats:
    """Probability ``N`` of the foreground by colour alone.

    Mixtures of the foreground and of the background for each window of frames, learned from the
    superpixels of all frames, each weighted by its area, by its location (or 1 - that), and by
    exp(-(frames to the middle of the window / reach)^2).

    Args:
        regions: N superpixels.
        location: ``N`` in [0, 1].
        params: components, samples, window, reach.
    """
    colour = np.rint(regions.colour).astype(np.uint8)
    found = np.full(len(location), 0.5)
    mixtures = [ColourMixture(params.components, params.samples) for _ in range(2)]
    for start in range(0, len(regions.maps), params.window):
        here = (regions.frame >= start) & (regions.frame < start + params.window)
        middle = float(regions.frame[here].mean())
        near = np.exp(-np.square((regions.frame - middle) / params.reach)) * regions.area
        weights = [near * (1 - location), near * location]
        if min(w.sum() for w in weights) <= 0:
            continue
        background, foreground = (
            mixture.fit(colour, w).cost(colour[here])
            for mixture, w in zip(mixtures, weights, strict=True)
        )
        odds = np.clip(background - foreground, -_MOST_ODDS, _MOST_ODDS)
        found[here] = 1 / (1 + np.exp(-odds))
    return found


_MOST_ODDS = 30.0  # log odds beyond which the probability is 0 or 1


def _costs(foreground: Floats, least: float) -> Floats:
    """-log probability ``N 2`` of background and foreground, probabilities of ``least`` or more."""
    p = np.clip(foreground, least, 1 - least)
    return -np.log(np.stack([1 - p, p], axis=1))


def band(segment: Mask, width: int) -> Mask:
    """Pixels within ``width`` of the border of a segment, to either side of it, ``H W``."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1, 2 * width + 1))
    values = segment.astype(np.uint8)
    return np.asarray((cv2.dilate(values, disc) > 0) & (cv2.erode(values, disc) == 0))
