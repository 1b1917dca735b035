from __future__ import annotations

import numpy as np
import pytest

from pipeline.datasets.taxonomy import Taxonomy
from pipeline.evaluation.overlay import ReportParams, overlay, sheet
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params

TAXONOMY = Taxonomy((("a", "x"), ("b", "x")), ((0, 0, 0), (200, 0, 100), (0, 250, 0)))


def test_overlay_by_hand() -> None:
    image = np.full((12, 12, 3), 100, np.uint8)
    labels = np.zeros((12, 12), np.uint8)
    labels[2:9, 2:9] = 1
    labels[4:7, 4:7] = 2
    labels[10:, 10:] = 255
    before = image.copy()
    found = overlay(image, labels, TAXONOMY)
    assert np.array_equal(image, before)
    assert found[0, 0].tolist() == [100, 100, 100]  # background as it was
    assert found[3, 3].tolist() == [150, 50, 100]
    assert found[5, 5].tolist() == [50, 175, 50]
    assert found[11, 11].tolist() == [114, 114, 114]  # ignored: grey, no outline
    outline = (found == 255).all(axis=-1)
    ring = np.zeros((12, 12), bool)
    ring[2:9, 2:9] = True
    ring[3:8, 3:8] = False
    assert np.array_equal(outline, ring)
    strong = overlay(image, labels, TAXONOMY, opacity=1.0)
    assert strong[3, 3].tolist() == [200, 0, 100]


def test_no_foreground_changes_nothing() -> None:
    image = np.random.default_rng(0).integers(0, 255, (8, 9, 3), dtype=np.uint8)
    assert np.array_equal(overlay(image, np.zeros((8, 9), np.uint8), TAXONOMY), image)


def test_sheet_places_every_picture() -> None:
    colours = [(250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 0)]
    sizes = [(40, 60), (20, 60), (80, 40), (40, 40)]
    pictures = [
        np.full((*size, 3), colour, np.uint8) for size, colour in zip(sizes, colours, strict=True)
    ]
    rows = [("one", pictures[:2]), ("two", pictures[2:])]
    found = sheet(rows, ["left", "right"], 40)
    boxes = []
    for colour in colours:
        where = np.argwhere((found == colour).all(axis=-1))
        (top, left), (bottom, right) = where.min(0), where.max(0) + 1
        assert len(where) == (bottom - top) * (right - left)  # whole, nothing written over it
        boxes.append((int(top), int(left), int(bottom - top), int(right - left)))
    assert [box[2:] for box in boxes] == [(40, 60), (40, 120), (40, 20), (40, 40)]
    assert boxes[0][0] == boxes[1][0] < boxes[2][0] == boxes[3][0]
    assert boxes[0][1] == boxes[2][1] < boxes[1][1] == boxes[3][1]
    assert boxes[0][1] + 60 < boxes[1][1] and boxes[1][1] + 120 < found.shape[1]
    assert (found[: boxes[0][0]] < 100).any()  # the names of the columns stand above
    assert (found[boxes[2][0] + 40 :] < 100).any()  # and the row's below its pictures


def test_params() -> None:
    assert parse_params(ReportParams, {"videos": 2, "height": 64}, "report").videos == 2
    with pytest.raises(InputError, match=r"report\.videos = 0"):
        parse_params(ReportParams, {"videos": 0}, "report")
