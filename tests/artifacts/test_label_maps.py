from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.artifacts.label_maps import LabelMaps
from tests.tiny import label_map


def test_labels_round_trip(tmp_path: Path) -> None:
    final, raw = label_map(3, 1, 32, 40), label_map(3, 2, 32, 40)
    final[0, 0] = 255
    LabelMaps.write(tmp_path, "with", {5: final}, {5: raw})
    LabelMaps.write(tmp_path, "without", {5: final})
    rows = [{"video": v, "rows": 1} for v in ("with", "without")]
    LabelMaps.write_index(tmp_path, rows, {"version": "v2", "model": {"trained_on": "v1"}})
    stored = LabelMaps(tmp_path)
    assert stored.labels("with", 5).dtype == np.uint8
    assert np.array_equal(stored.labels("with", 5), final)
    assert np.array_equal(stored.initial("with", 5), raw)
    assert np.array_equal(stored.initial("without", 5), final)
    assert stored.metadata == {"version": "v2", "model": {"trained_on": "v1"}}
    assert not stored.stopped and not stored.last


def test_a_version_after_the_stop(tmp_path: Path) -> None:
    LabelMaps.write_index(tmp_path, [], {"version": "v3", "stopped_after": "v1"})
    assert LabelMaps(tmp_path).stopped and LabelMaps(tmp_path).videos == []


def test_the_last_version(tmp_path: Path) -> None:
    LabelMaps.write(tmp_path, "v", {5: label_map(3, 1, 32, 40)})
    LabelMaps.write_index(tmp_path, [{"video": "v", "rows": 1}], {"version": "v2", "last": True})
    assert LabelMaps(tmp_path).last and not LabelMaps(tmp_path).stopped
