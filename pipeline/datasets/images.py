"""Image files: which of a folder are frames, in which order, and how one is read."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})


def list_images(folder: Path) -> tuple[Path, ...]:
    """Images of a folder, by name; numbers in a name count by value, so 9 comes before 10.

    Hidden files and files of other types are left out; empty if there is no such folder.
    """
    if not folder.is_dir():
        return ()
    images = (
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    )
    return tuple(sorted(images, key=_order))


def _order(path: Path) -> tuple[list[tuple[int, str]], str]:
    # Text and digits alternate, text first, so that equal places hold things that compare.
    parts = re.split(r"([0-9]+)", path.stem)
    return [(int(p), "") if i % 2 else (0, p) for i, p in enumerate(parts)], path.name


def read_image(path: Path) -> npt.NDArray[np.uint8] | None:
    """Read an image, BGR ``H W 3``, 0..255; None if it is missing, empty, damaged or cut off."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    # Some versions of OpenCV fill the rest of a JPEG that is cut off with grey. A whole one has its
    # end marker after the start of its last scan; neither can occur within the coded data.
    if content.startswith(b"\xff\xd8") and content.rfind(b"\xff\xd9") < content.rfind(b"\xff\xda"):
        return None
    return decode_image(content, cv2.IMREAD_COLOR)


def decode_image(content: bytes, flags: int) -> npt.NDArray[np.uint8] | None:
    """Decode the content of an image file to 8 bits; None if it is empty or damaged."""
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), flags) if content else None
    except cv2.error:
        return None
    return None if image is None else np.asarray(image, np.uint8)
