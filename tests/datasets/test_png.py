from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.datasets.png import read_png
from pipeline.runtime.errors import InputError
from tests.datasets.miniature import write_png


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
@pytest.mark.parametrize("width", [16, 13])
def test_palette_indices_of_every_depth(tmp_path: Path, depth: int, width: int) -> None:
    values = np.random.default_rng(depth).integers(0, 2**depth, (9, width)).astype(np.uint8)
    read, kind = read_png(write_png(tmp_path / "x.png", values, depth))
    assert kind == "palette"
    assert np.array_equal(read, values)


def test_grey_values(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 256, (9, 13)).astype(np.uint8)
    assert cv2.imwrite(str(tmp_path / "x.png"), values)
    read, kind = read_png(tmp_path / "x.png")
    assert kind == "grey"
    assert np.array_equal(read, values)


def test_transparency_of_a_colour_image_is_no_value(tmp_path: Path) -> None:
    values = np.zeros((4, 6, 4), np.uint8)
    values[..., 3] = 255
    values[1, 2, 0], values[1, 2, 2] = 9, 200
    assert cv2.imwrite(str(tmp_path / "x.png"), values)
    read, kind = read_png(tmp_path / "x.png")
    assert kind == "colour" and read.sum() == 200 and read[1, 2] == 200


def test_values_of_16_bits_are_refused(tmp_path: Path) -> None:
    assert cv2.imwrite(str(tmp_path / "x.png"), np.ones((4, 6), np.uint16))
    with pytest.raises(InputError, match="at most 8 bits"):
        read_png(tmp_path / "x.png")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"GIF89a")
    for name, message in [("x.png", "not a PNG"), ("gone.png", "No such file")]:
        with pytest.raises(InputError, match=message):
            read_png(tmp_path / name)


def test_every_flipped_bit_before_the_end_is_noticed(tmp_path: Path) -> None:
    values = np.random.default_rng(1).integers(0, 16, (5, 7)).astype(np.uint8)
    path = write_png(tmp_path / "x.png", values, depth=4)
    content = path.read_bytes()
    for place in range(len(content) - 12):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(InputError):
            read_png(path)
