from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.artifacts.edge_segments import EdgeSegments
from pipeline.artifacts.superpixels import Superpixels
from pipeline.runtime.errors import InputError


def test_round_trip(tmp_path: Path) -> None:
    many = np.arange(300, dtype=np.int32).reshape(15, 20)
    count = EdgeSegments.write(tmp_path, "v", {7: many, 2: many % 5})
    EdgeSegments.write_index(tmp_path, [{"video": "v", "rows": count}])
    stored = EdgeSegments(tmp_path)
    assert count == 2 and stored.videos == ["v"] and stored.frames("v") == [2, 7]
    assert stored.segments("v", 7).dtype == np.int32
    assert np.array_equal(stored.segments("v", 7), many)
    assert np.array_equal(stored.segments("v", 2), many % 5)
    with pytest.raises(KeyError, match="no frame 3"):
        stored.segments("v", 3)
    with pytest.raises(InputError, match="holds edge_segments version 1, expected superpixels"):
        Superpixels(tmp_path)


def test_a_recipe_without_edges(tmp_path: Path) -> None:
    EdgeSegments.write_index(tmp_path, [])
    assert EdgeSegments(tmp_path).videos == [] and "v" not in EdgeSegments(tmp_path)
