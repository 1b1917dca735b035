"""Still images of the demo data set: the same actors, props and clutter in single pictures.

They are clips of one frame by the generator of the videos, so that they are as hard as those, and
what they show stands still for good: a jumping and a rolling ball look alike. Their tags are
therefore the actors alone. Every fourth image has a mask, for evaluation.

Format (as VOC): ``ImageSets/Segmentation/train.txt``, ``JPEGImages/<id>.jpg``,
``Annotations/<id>.xml`` (an object with name and box for each instance that can be seen) and
``SegmentationClassAug/<id>.png`` (grey, 1 + place in ``CLASSES``, 0 background).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np

from pipeline.datasets.boxes import bounding_box
from pipeline.datasets.taxonomy import a2d_tag
from pipeline.demo.scene import Clip, render_clip
from pipeline.demo.sprites import ACTORS
from pipeline.demo.videos import DemoParams, DemoVideo, plan_video
from pipeline.runtime.errors import InputError

CLASSES = tuple(sorted(ACTORS))
MASK_EVERY = 4
_JPEG_QUALITY = 95
_FOLDERS = ("JPEGImages", "Annotations", "SegmentationClassAug", "ImageSets/Segmentation")


def plan_stills(params: DemoParams) -> tuple[DemoVideo, ...]:
    """All still images; nothing is away in any of them."""
    planned = (plan_video(params, "still", index) for index in range(params.stills))
    return tuple(replace(still, spec=replace(still.spec, absent=None)) for still in planned)


def render_still(params: DemoParams, still: DemoVideo) -> Clip:
    """The picture and masks of a planned still image, as a clip of one frame."""
    rng = np.random.default_rng(still.key)
    return render_clip(rng, (1, params.height, params.width), still.spec)


def make_stills(params: DemoParams, out: Path) -> None:
    """Write ``params.stills`` still images to ``out``; nothing, not even ``out``, for none.

    Raises:
        InputError: ``out`` exists.
    """
    if not params.stills:
        return
    if out.exists():
        raise InputError(f"demo data: {out} exists already; remove it first")
    for folder in _FOLDERS:
        (out / folder).mkdir(parents=True)
    stills = plan_stills(params)
    for index, still in enumerate(stills):
        clip = render_still(params, still)
        _write(out, still, clip, with_mask=index % MASK_EVERY == 0)
    names = "".join(f"{still.id}\n" for still in stills)
    (out / "ImageSets/Segmentation/train.txt").write_text(names)


def _write(out: Path, still: DemoVideo, clip: Clip, with_mask: bool) -> None:
    options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    picture = np.ascontiguousarray(clip.frames[0, ..., ::-1])
    cv2.imwrite(str(out / "JPEGImages" / f"{still.id}.jpg"), picture, options)
    names = [a2d_tag(number)[0] for number in still.spec.ids]
    (out / "Annotations" / f"{still.id}.xml").write_text(_xml(still.id, clip, names))
    if with_mask:
        labels = np.zeros(clip.labels.shape[1:], np.uint8)
        for name, mask in zip(names, clip.masks[0], strict=True):
            labels[mask] = 1 + CLASSES.index(name)
        cv2.imwrite(str(out / "SegmentationClassAug" / f"{still.id}.png"), labels)


def _xml(name: str, clip: Clip, actors: list[str]) -> str:
    """Annotation of one image, with the fields of VOC that say something here."""
    root = ElementTree.Element("annotation")
    ElementTree.SubElement(root, "filename").text = f"{name}.jpg"
    height, width = clip.frames.shape[1:3]
    _fields(ElementTree.SubElement(root, "size"), width=width, height=height, depth=3)
    for actor, mask in zip(actors, clip.masks[0], strict=True):
        if not mask.any():  # hidden behind another
            continue
        node = ElementTree.SubElement(root, "object")
        ElementTree.SubElement(node, "name").text = actor
        x1, y1, x2, y2 = bounding_box(mask).corners
        _fields(ElementTree.SubElement(node, "bndbox"), xmin=x1, ymin=y1, xmax=x2, ymax=y2)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _fields(node: ElementTree.Element, **values: int) -> None:
    for name, value in values.items():
        ElementTree.SubElement(node, name).text = str(value)
