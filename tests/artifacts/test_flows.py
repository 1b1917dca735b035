from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.artifacts.flows import Flows


def test_flows_are_float16_at_their_own_size(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    forward = [rng.normal(0, 9, (3, 5, 2)).astype(np.float32) for _ in range(2)]
    backward = [rng.normal(0, 9, (3, 5, 2)) for _ in range(2)]
    count = Flows.write(tmp_path, "both", [4, 6, 9], forward, backward)
    Flows.write(tmp_path, "one", [4, 6, 9], forward)
    Flows.write_index(tmp_path, [{"video": v, "rows": count} for v in ("both", "one")])
    stored = Flows(tmp_path)
    assert count == 3 and stored.frames("both") == [4, 6, 9]
    assert "both" in stored and "still" not in stored
    for n, expected in zip((4, 6), forward, strict=True):
        found = stored.forward("both", n)
        assert found is not None and found.dtype == np.float32
        assert np.array_equal(found, expected.astype(np.float16))
        assert np.abs(found - expected).max() < 0.02  # 10 bits after the first, up to 32
    for n, expected in zip((6, 9), backward, strict=True):
        assert np.array_equal(stored.backward("both", n), expected.astype(np.float16))
    assert stored.forward("both", 9) is None and stored.backward("both", 4) is None
    assert [stored.backward("one", n) for n in (4, 6, 9)] == [None] * 3
    assert len(stored.table("one").column("forward")[0].as_py()) == 2 * 30
    with pytest.raises(KeyError, match="no frame 5"):
        stored.forward("both", 5)


@pytest.mark.parametrize("frames, forward, backward", [(1, 0, 0), (3, 1, 0), (3, 2, 1)])
def test_flows_that_do_not_fit(tmp_path: Path, frames: int, forward: int, backward: int) -> None:
    flow = np.zeros((2, 2, 2))
    with pytest.raises(ValueError, match=f"received {frames} frames, {forward} forward and"):
        Flows.write(tmp_path, "v", range(frames), [flow] * forward, [flow] * backward)
