from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.artifacts.superpixels import Superpixels


def test_superpixels_round_trip(tmp_path: Path) -> None:
    many = np.arange(300, dtype=np.int32).reshape(15, 20)
    count = Superpixels.write(tmp_path, "v", {3: many, 1: many % 7})
    Superpixels.write_index(tmp_path, [{"video": "v", "rows": count}])
    stored = Superpixels(tmp_path)
    assert count == 2 and stored.frames("v") == [1, 3]
    assert stored.superpixels("v", 3).dtype == np.int32
    assert np.array_equal(stored.superpixels("v", 3), many)
    assert np.array_equal(stored.superpixels("v", 1), many % 7)
