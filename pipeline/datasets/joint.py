"""Videos and still images together: the images of a second data set join the videos of the first.

The classes are those of the videos. As in M-CNN (Tokmakov et al., ECCV 2016, Sec. 4.1), images that
show none of them are left out, and what an image shows of other classes is background.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.datasets.taxonomy import BACKGROUND, IGNORE, Taxonomy
from pipeline.datasets.video import Dataset, Video, make_dataset
from pipeline.runtime.errors import InputError

Labels = npt.NDArray[np.uint8]
Reader = Callable[[Path, Video], Labels]

log = logging.getLogger(__name__)


def add_images(videos: Dataset, images: Dataset) -> Dataset:
    """Add still images to videos, each in the split that its own data set gives it.

    An image is kept if one of its tags is a class of ``videos``, with these tags only. One line of
    the log says how many were left out.

    Raises:
        InputError: ``images`` holds a video, none of its tags is a class of ``videos``, or an image
            has the id of a video.
    """
    known = frozenset(videos.taxonomy.pairs)
    for image in images.videos:
        if not isinstance(image.source, tuple) or len(image.source) != 1:
            raise InputError(
                f"dataset.images must hold still images only, but {image.id!r} is a video; "
                "videos belong into dataset.root"
            )
    kept = [replace(image, tags=image.tags & known) for image in images.videos]
    kept = [image for image in kept if image.tags]
    if not kept:
        raise InputError(
            f"dataset.images: of {len(images.videos)} images none has a tag that is a class of the "
            f"videos: {', '.join(videos.taxonomy.names('actor_action')[1:])}"
        )
    shared = sorted({video.id for video in videos.videos} & {image.id for image in kept})
    if shared:
        raise InputError(
            f"dataset.images: {len(shared)} images have the id of a video, the first is "
            f"{shared[0]!r}; rename the image or the video"
        )
    before = {image.id: image.tags for image in images.videos}
    log.info(
        "still images: %d of %d added, %d without a class of the videos dropped; %d of the added "
        "ones have tags of other classes, too, which are not used",
        len(kept),
        len(images.videos),
        len(images.videos) - len(kept),
        sum(image.tags < before[image.id] for image in kept),
    )
    table = _translation(images.taxonomy, videos.taxonomy)
    ids = frozenset(image.id for image in kept)
    # The reader goes to every process: it holds the ids, not the two data sets.
    read = partial(_read, videos.read_annotation, images.read_annotation, table, ids)
    return make_dataset(videos.taxonomy, [*videos.videos, *kept], read)


def _translation(images: Taxonomy, videos: Taxonomy) -> Labels:
    """Look-up table (256) from the labels of ``images`` to those of ``videos``."""
    table = np.full(256, BACKGROUND, np.uint8)
    table[IGNORE] = IGNORE
    for label, tag in enumerate(images.pairs, start=1):
        if tag in videos.pairs:
            table[label] = videos.label(tag)
    return table


def _read(
    of_video: Reader, of_image: Reader, table: Labels, ids: frozenset[str], path: Path, video: Video
) -> Labels:
    """Labels ``H W`` of an annotation, in the classes of the videos."""
    return table[of_image(path, video)] if video.id in ids else of_video(path, video)
