"""Images, label maps and attention maps to bytes and back."""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

Codec = Literal["png", "jpeg"]


def encode_image(image: npt.NDArray[np.uint8], codec: Codec, quality: int = 95) -> bytes:
    """RGB image (H W 3) to PNG, or to JPEG of ``quality`` 1..100."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if codec == "jpeg" else []
    return _encode(f".{codec}", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)


def decode_image(data: Any) -> npt.NDArray[np.uint8]:
    """Bytes of :func:`encode_image` to an RGB image (H W 3)."""
    return cv2.cvtColor(_decode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB).astype(np.uint8)


def encode_labels(labels: npt.NDArray[Any]) -> bytes:
    """Label map or superpixels (H W, values 0..65535) to an 8- or 16-bit PNG, without loss.

    Raises:
        ValueError: values that 16 bits cannot hold.
    """
    top = int(labels.max(initial=0))
    if labels.min(initial=0) < 0 or top > 65535:
        raise ValueError(f"labels must lie in 0..65535, got {labels.min()}..{top}")
    return _encode(".png", labels.astype(np.uint8 if top < 256 else np.uint16), [])


def decode_labels(data: Any) -> npt.NDArray[Any]:
    """Bytes of :func:`encode_labels` to a map (H W) of uint8 or uint16."""
    return _decode(data, cv2.IMREAD_UNCHANGED)


def _encode(suffix: str, array: npt.NDArray[Any], options: list[int]) -> bytes:
    done, data = cv2.imencode(suffix, array, options)
    if not done:
        raise ValueError(f"cannot encode an array of shape {array.shape} as {suffix}")
    return bytes(data.tobytes())


def _decode(data: Any, flags: int) -> npt.NDArray[Any]:
    array = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if array is None:
        raise ValueError("bytes are not an image")
    return array
