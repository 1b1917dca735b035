"""PASCAL VOC 2012 (Everingham et al., IJCV 2010), and data in its layout: still images with tags.

20 classes of objects, no actions. An image is a `Video` of one frame; its tags are the classes of
its objects. Lists: 1464 train and 1449 val images, and as an augmented train list the 10,582 of
Hariharan et al. (ICCV 2011), which name images that VOC 2012 has as well.

Layout, all that is read (``<root>``, ``<root>/VOC2012`` or ``<root>/VOCdevkit/VOC2012``)::

    ImageSets/Segmentation/train.txt   a line an image: its id, or paths that begin with the
                                       image's, as in the widespread train_aug.txt
    JPEGImages/<id>.jpg                the images
    Annotations/<id>.xml               the `name` of each `object`
    SegmentationClass/<id>.png         masks of some images: index of the class from 1, 255 void
    SegmentationClassAug/<id>.png      the same for others; the one above goes first
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
from pydantic import Field

from pipeline.datasets.checks import check_id, check_layout
from pipeline.datasets.png import read_png
from pipeline.datasets.taxonomy import (
    BACKGROUND,
    IGNORE,
    NO_ACTION,
    Tag,
    Taxonomy,
    check_tag,
    taxonomy_of,
)
from pipeline.datasets.validation import split_validation
from pipeline.datasets.video import (
    Dataset,
    Split,
    Video,
    make_dataset,
    read_frames,
)
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import Params

CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train",
    "tvmonitor",
)  # fmt: skip
LISTS = Path("ImageSets") / "Segmentation"
MASKS = ("SegmentationClass", "SegmentationClassAug")


class VocParams(Params):
    """Parameters of a data set in the VOC layout.

    Attributes:
        train: name of the list of train images, for example ``train`` or ``train_aug``.
        test: name of the list of test images; null for none.
        classes: their order is that of the indices in masks, from 1.
        validation: share of the train images that becomes validation.
        split_seed: of that split.
    """

    layout: Literal["voc"] = "voc"
    train: str = "train"
    test: str | None = "val"
    classes: tuple[str, ...] = Field(default=CLASSES, min_length=1, max_length=254)
    validation: float = Field(default=0.1, ge=0, lt=1)
    split_seed: int = 0


def load(root: Path, params: VocParams) -> Dataset:
    """Load a data set in the VOC layout; images and masks are not read.

    Raises:
        InputError: the root or a list is missing, a list names images that are missing or names
            one twice, an XML file is missing, not readable or has an unknown class, an image is in
            both lists, or the train split is empty.
    """
    places = (root / "VOCdevkit" / "VOC2012", root / "VOC2012")
    root = next((place for place in places if place.is_dir()), root)
    lists: dict[Split, str] = {"train": params.train}
    if params.test is not None:
        lists["test"] = params.test
    for name in lists.values():
        check_id(name, "dataset.train and dataset.test")
    check_layout(
        root,
        ("JPEGImages", "Annotations", *(str(LISTS / f"{name}.txt") for name in lists.values())),
        f"JPEGImages/<id>.jpg, Annotations/<id>.xml and {LISTS}/<list>.txt",
    )
    tags = {name: check_tag(name, NO_ACTION) for name in params.classes}
    ids = {split: _read_list(root, name) for split, name in lists.items()}
    both = sorted(set(ids["train"]) & set(ids.get("test", [])))
    if both:
        raise InputError(
            f"{len(both)} images are in both lists, {params.train} and {params.test}, the first is "
            f"{both[0]!r}"
        )
    images = [_image(root, name, split, tags) for split in ids for name in ids[split]]
    taxonomy = taxonomy_of(tags.values()).restrict(tag for image in images for tag in image.tags)
    images = list(split_validation(images, params.validation, params.split_seed))
    return make_dataset(taxonomy, images, partial(_read_annotation, taxonomy, params.classes))


def _read_list(root: Path, name: str) -> list[str]:
    """Ids of a list, all of whose images are there."""
    path = root / LISTS / f"{name}.txt"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path}: {error}") from None
    first = [Path(line.split()[0]).name for line in lines if line.strip()]
    ids = [check_id(name.removesuffix(".jpg"), str(path)) for name in first]
    twice = [name for name, count in Counter(ids).items() if count > 1]
    if twice:
        raise InputError(f"{path} names {len(twice)} images twice, the first is {twice[0]!r}")
    missing = [name for name in ids if not (root / "JPEGImages" / f"{name}.jpg").is_file()]
    if missing:
        raise InputError(
            f"{path} names {len(missing)} of {len(ids)} images that are missing, the first is "
            f"{root / 'JPEGImages' / missing[0]}.jpg"
        )
    return ids


def _image(root: Path, name: str, split: Split, known: dict[str, Tag]) -> Video:
    tags = _tags(root / "Annotations" / f"{name}.xml", known)
    masks = (root / folder / f"{name}.png" for folder in MASKS)
    mask = next((path for path in masks if path.is_file()), None)
    source = (root / "JPEGImages" / f"{name}.jpg",)
    return Video(name, tags, split, source, {} if mask is None else {0: mask})


def _tags(path: Path, known: dict[str, Tag]) -> frozenset[Tag]:
    """Tags of the objects of an XML file; parts of objects, which have names too, are none."""
    try:
        names = [
            (node.findtext("name") or "").strip()
            for node in ElementTree.parse(path).getroot().findall("object")
        ]
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except (ElementTree.ParseError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path}: not XML ({error})") from None
    for name in names:
        if name not in known:
            raise InputError(f"{path}: unknown class {name!r}; dataset.classes: {', '.join(known)}")
    return frozenset(known[name] for name in names)


def _read_annotation(
    taxonomy: Taxonomy, classes: tuple[str, ...], path: Path, video: Video
) -> npt.NDArray[np.uint8]:
    """Labels ``H W`` of a mask: palette indices or grey values are numbers of classes."""
    values, kind = read_png(path)
    if kind == "colour":
        raise InputError(f"annotation {path} is a colour image; expected a palette or grey PNG")
    height, width = next(read_frames(video, None)).shape[:2]
    if values.shape != (height, width):
        own = f"{values.shape[1]}x{values.shape[0]}"
        raise InputError(
            f"annotation {path} is {own}, its image {width}x{height}; both must have one size"
        )
    table = np.zeros(256, np.uint8)
    table[IGNORE] = IGNORE
    for value in np.setdiff1d(values, [BACKGROUND, IGNORE]).tolist():
        if value > len(classes):
            raise InputError(
                f"annotation {path} has the class {value}, expected 0..{len(classes)} or {IGNORE}"
            )
        tag = classes[value - 1], NO_ACTION
        if tag not in taxonomy.pairs:
            raise InputError(
                f"annotation {path} has the class {tag[0]!r}, which no image is tagged"
            )
        table[value] = taxonomy.label(tag)
    return table[values]
