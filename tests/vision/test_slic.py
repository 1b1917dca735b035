import numpy as np
import pytest

from pipeline.vision.slic import SlicParams, slic_superpixels
from pipeline.vision.superpixel_refinement import refine_mask


def test_slic_finds_a_bright_square() -> None:
    rows, columns = np.mgrid[:60, :80]
    image = np.stack([rows, columns, 70 - rows // 2], axis=-1).astype(np.uint8)
    square = np.zeros((60, 80), dtype=bool)
    square[20:43, 31:57] = True
    image[square] += 120
    found = slic_superpixels(image, SlicParams(segments=40, compactness=10.0, iterations=10))
    assert found.dtype == np.int32
    assert (np.unique(found) == np.arange(found.max() + 1)).all()
    assert 20 <= found.max() + 1 <= 60
    assert (refine_mask(square, found) == square).mean() > 0.99
    again = slic_superpixels(image, SlicParams(segments=40, compactness=10.0, iterations=10))
    assert (again == found).all()


def test_slic_refuses_an_image_without_colours() -> None:
    with pytest.raises(ValueError, match=r"H W 3, received shape \(4, 5\)"):
        slic_superpixels(np.zeros((4, 5), dtype=np.uint8), SlicParams())
