"""Quality of the masks of attention maps, before and after aggregation, against human masks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.maps import Maps
from pipeline.datasets.taxonomy import BACKGROUND, IGNORE
from pipeline.evaluation.confusion import confusion_matrix
from pipeline.vision.otsu import BinariseParams, otsu_mask
from pipeline.vision.resizing import at_full_size

Labels = npt.NDArray[np.uint8]


def foreground_iou(pairs: Iterable[tuple[Labels, Labels]]) -> float:
    """IoU of foreground, any label, in percent, over the pixels of all frames together.

    Args:
        pairs: of each frame the true and the found labels ``H W``; true pixels of 255 are left out,
            found ones count as background.

    Returns:
        0..100; NaN where there is no foreground in either.

    Raises:
        ValueError: as ``confusion_matrix``.
    """
    matrix = np.zeros((2, 2), np.int64)
    for truth, found in pairs:
        matrix += confusion_matrix(_binary(truth), _binary(found), 2)
    union = int(matrix.sum() - matrix[0, 0])
    return 100 * float(matrix[1, 1]) / union if union else float("nan")


def cam_mask(
    maps: Sequence[npt.NDArray[np.float32]], size: tuple[int, ...], binarise: BinariseParams
) -> Labels:
    """Union of the binarised maps h w of a frame at its size (height, width): 0 or 1, ``H W``."""
    mask = np.zeros(size, bool)
    for attention in at_full_size(maps, size[0], size[1]):
        mask |= otsu_mask(attention, binarise.variant, binarise.threshold)
    return mask.astype(np.uint8)


def score_cams(
    truth: LabelMaps, cam: Maps, aggregated: Maps, videos: Iterable[str], binarise: BinariseParams
) -> dict[str, dict[str, float]]:
    """Foreground IoU of the masks of the maps, as they are and aggregated, on the same frames.

    Both are measured with the classes of the aggregated maps, on the frames that have these and a
    human mask: what differs is the aggregation alone.

    Args:
        truth: human masks.
        cam: maps of the frames.
        aggregated: the same, aggregated; empty where the recipe does not aggregate.
        videos: whose frames count, those without maps or masks do not.
        binarise: map -> mask.

    Returns:
        ``cam`` and, if there are any, ``aggregated``, each with ``iou_foreground`` in percent and
        the number of ``frames``; nothing where no frame has both maps and a human mask.
    """
    judge = aggregated if aggregated.videos else cam
    keys = [
        (v, n)
        for v in sorted(videos)
        if v in truth and v in judge
        for n in sorted({*truth.frames(v)} & {*judge.frames(v)})
    ]
    if not keys:
        return {}

    def score(source: Maps) -> dict[str, float]:
        def pairs() -> Iterable[tuple[Labels, Labels]]:
            for video, n in keys:
                true, maps = truth.labels(video, n), source.maps(video, n)
                classes = judge.maps(video, n)
                yield true, cam_mask([maps[c] for c in classes], true.shape, binarise)

        return {"iou_foreground": foreground_iou(pairs()), "frames": len(keys)}

    named = {"cam": cam} | ({"aggregated": aggregated} if aggregated.videos else {})
    return {name: score(source) for name, source in named.items()}


def _binary(labels: Labels) -> Labels:
    return np.where((labels == BACKGROUND) | (labels == IGNORE), labels, 1).astype(np.uint8)
