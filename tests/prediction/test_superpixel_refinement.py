from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.prediction.answer import Answer
from pipeline.prediction.read_evidence import Evidence
from pipeline.prediction.superpixel_refinement import refine_all, refine_prediction
from pipeline.vision.superpixel_refinement import RefineParams
from tests.tiny import TAXONOMY, WALKING, blocks, write_frames, write_superpixels

WALK = TAXONOMY.label(WALKING)


def test_refinement_uses_each_frames_own_superpixels() -> None:
    labels = np.zeros((3, 4, 8), np.uint8)
    labels[1:, 0:2, 0:5] = WALK  # half of the next superpixel of 2 x 2: dropped
    regions = [blocks(4, 8, 2), blocks(4, 8, 2), np.arange(32, dtype=np.int32).reshape(4, 8)]
    refined = refine_all(labels, regions, RefineParams(), 4)
    assert refined.dtype == np.uint8 and not refined[0].any()
    assert refined[1].tolist() == [[WALK] * 4 + [0] * 4] * 2 + [[0] * 8] * 2
    assert refined[2].tolist() == labels[2].tolist()  # superpixels of one pixel


def test_a_prediction_is_decided_by_its_superpixels(tmp_path: Path) -> None:
    frames = write_frames(tmp_path / "frames")
    regions = write_superpixels(tmp_path / "superpixels", frames, side=4)
    margin = np.full((1, 32, 40), -1.0, np.float32)
    margin[0, 0:4, 0:5] = 1.0  # one superpixel, and a quarter of the next
    answer = Answer(margin, np.full((1, 32, 40), WALK, np.uint8))
    found = refine_prediction(answer, Evidence(frames, "c", [1], regions), RefineParams())
    expected = np.zeros((1, 32, 40), np.uint8)
    expected[0, 0:4, 0:4] = WALK
    assert np.array_equal(found.labels(), expected)
