from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.artifacts.codecs import decode_image, decode_labels, encode_image, encode_labels


def test_png_keeps_every_value_and_the_order_of_channels() -> None:
    image = np.random.default_rng(0).integers(0, 256, (7, 5, 3), dtype=np.uint8)
    data = encode_image(image, "png")
    assert np.array_equal(decode_image(data), image)
    as_bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(as_bgr[..., ::-1], image)  # a viewer sees the same colours


def test_jpeg_is_near_and_smaller() -> None:
    smooth = np.add.outer(np.arange(64), 2 * np.arange(64)).astype(np.uint8)
    image = np.stack([smooth, smooth // 2, 255 - smooth], axis=-1)
    data = encode_image(image, "jpeg")
    error = np.abs(decode_image(data).astype(int) - image)
    assert 0 < error.mean() < 3
    assert len(encode_image(image, "jpeg", quality=20)) < len(data)


@pytest.mark.parametrize("top, dtype", [(255, np.uint8), (256, np.uint16), (65535, np.uint16)])
def test_labels_keep_every_value_in_the_fewest_bits(top: int, dtype: type) -> None:
    labels = np.array([[0, 1, 2], [top, 3, 254]], np.int64)
    found = decode_labels(encode_labels(labels))
    assert found.dtype == dtype
    assert found.tolist() == labels.tolist()


@pytest.mark.parametrize("value", [-1, 65536])
def test_labels_that_do_not_fit(value: int) -> None:
    with pytest.raises(ValueError, match=f"0..65535.*{value}"):
        encode_labels(np.array([[0, value]]))


def test_bytes_that_are_no_image() -> None:
    with pytest.raises(ValueError, match="not an image"):
        decode_labels(b"no image at all")
