"""PNG annotations as stored: palette indices, not the colours they stand for."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.datasets.images import decode_image
from pipeline.runtime.errors import InputError

Kind = Literal["palette", "grey", "colour"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _PALETTE = 0, 3  # colour types of the PNG header
_KINDS: dict[int, Kind] = {0: "grey", 4: "grey", 3: "palette", 2: "colour", 6: "colour"}


def read_png(path: Path) -> tuple[npt.NDArray[np.uint8], Kind]:
    """Read a PNG annotation.

    Returns:
        Its values, uint8 ``H W``, and what they are: palette indices; grey values 0..255; or, of a
        colour image, the largest of the three channels.

    Raises:
        InputError: the file is missing, damaged, cut off or not a PNG of at most 8 bits.
    """
    try:
        content = path.read_bytes()
        kind, depth, grey = _as_grey(content)
    except OSError as error:
        raise InputError(f"cannot read annotation {path}: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"cannot read annotation {path}: {error}") from None
    if kind == "palette":
        image = decode_image(grey, cv2.IMREAD_GRAYSCALE)
    else:
        image = decode_image(content, cv2.IMREAD_COLOR)
    if image is None:
        raise InputError(f"cannot read annotation {path}: damaged PNG")
    if kind == "palette":
        # Grey of 1, 2 or 4 bits is stretched to 0..255 by the decoder; an index must not be.
        return image // np.uint8(255 // (2**depth - 1)), kind
    return image.max(axis=2), kind


def _as_grey(content: bytes) -> tuple[Kind, int, bytes]:
    """Kind and bit depth of a PNG, and the same file declared as grey.

    OpenCV turns palette images into colours. A PNG stores palette indices exactly as it stores grey
    values, so with another colour type in the header, and without the palette, it reads indices.
    """
    if not content.startswith(_SIGNATURE):
        raise ValueError("not a PNG")
    chunks = [_SIGNATURE]
    kind, depth = _KINDS[_PALETTE], 8
    for name, data in _chunks(content):
        if name == b"IHDR":
            if len(data) != 13 or data[8] > 8 or data[9] not in _KINDS:
                raise ValueError("not a PNG of at most 8 bits a value")
            kind, depth = _KINDS[data[9]], data[8]
            data = data[:9] + bytes([_GREY]) + data[10:]
        if name in (b"IHDR", b"IDAT", b"IEND"):
            check = zlib.crc32(name + data)
            chunks.append(struct.pack(">I", len(data)) + name + data + struct.pack(">I", check))
    return kind, depth, b"".join(chunks)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and data of each chunk; raises ValueError if one is cut off or damaged."""
    position, name = len(_SIGNATURE), b""
    while name != b"IEND":
        length = int.from_bytes(content[position : position + 4], "big")
        end = position + 8 + length
        if end + 4 > len(content):
            raise ValueError("the file is cut off")
        name, data = content[position + 4 : position + 8], content[position + 8 : end]
        if zlib.crc32(name + data) != int.from_bytes(content[end : end + 4], "big"):
            raise ValueError("the file is damaged")
        yield name, data
        position = end + 4
