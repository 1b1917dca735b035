from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.kept_frames import LIMITS, step_seconds
from pipeline.artifacts import frames as stored
from tests.tiny import write_frames


@pytest.mark.parametrize("name", list(LIMITS))
def test_frames_are_decoded_again_or_kept(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = write_frames(tmp_path)
    decoded = []
    decode = stored.decode_image
    monkeypatch.setattr(stored, "decode_image", lambda data: decoded.append(1) or decode(data))
    seconds = step_seconds(frames, "actor", LIMITS[name], epochs=3, steps=2)
    assert len(seconds) == 2 and min(seconds) > 0
    total = sum(len(frames.frames(v)) for v in frames.videos)
    drawn = 3 * 2 * 32  # epochs, steps, batch of params.yaml
    assert len(decoded) == drawn if LIMITS[name] == 0 else len(decoded) <= total
