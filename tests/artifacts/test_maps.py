from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.artifacts.maps import Maps


def test_maps_are_float16_at_their_own_size(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    maps = {1: rng.random((2, 3, 5)), 4: rng.random((2, 6, 4)).astype(np.float32)}
    count = Maps.write(tmp_path, "v", [2, 0], maps)
    Maps.write_index(tmp_path, [{"video": "v", "rows": count}], ["bird", "cat", "dog"])
    stored = Maps(tmp_path)
    assert [len(b) for b in stored.table("v").column("maps").to_pylist()] == [2 * 30, 2 * 48]
    for n, expected in maps.items():
        found = stored.maps("v", n)
        assert list(found) == ["dog", "bird"]
        assert found["dog"].dtype == np.float32
        for name, rounded in zip(found, expected.astype(np.float16), strict=True):
            assert np.array_equal(found[name], rounded)


def test_scores_stand_beside_the_maps(tmp_path: Path) -> None:
    maps = {1: np.zeros((1, 2, 2)), 4: np.zeros((1, 2, 2))}
    scores = {1: np.array([0.25, 0.5, 1.0]), 4: np.array([0.0, 0.75, 0.125])}
    Maps.write(tmp_path, "with", [2], maps, scores)
    Maps.write(tmp_path, "without", [2], maps)
    rows = [{"video": v, "rows": 2} for v in ("with", "without")]
    Maps.write_index(tmp_path, rows, ["bird", "cat", "dog"])
    stored = Maps(tmp_path)
    assert stored.scores("with", 4) == {"bird": 0.0, "cat": 0.75, "dog": 0.125}
    assert stored.scores("with", 1)["cat"] == 0.5
    assert stored.scores("without", 4) == {}
