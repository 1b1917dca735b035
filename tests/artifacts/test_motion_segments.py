from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.artifacts.motion_segments import MotionSegments


def test_motion_segments_round_trip(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    segments, bands = ({n: rng.random((5, 7)) < 0.5 for n in (2, 3)} for _ in range(2))
    count = MotionSegments.write(tmp_path, "v", segments, bands)
    MotionSegments.write_index(tmp_path, [{"video": "v", "rows": count}])
    stored = MotionSegments(tmp_path)
    assert stored.videos == ["v"] and stored.frames("v") == [2, 3] and "still" not in stored
    for n in (2, 3):
        assert stored.segment("v", n).dtype == bool
        assert np.array_equal(stored.segment("v", n), segments[n])
        assert np.array_equal(stored.boundary("v", n), bands[n])
