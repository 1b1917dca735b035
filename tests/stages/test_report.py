from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.evaluation.overlay import ReportParams
from stages import config, report
from tests.tiny import VIDEOS, write_frames, write_labels


def test_the_picture_shows_a_random_frame_of_each_video(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = write_frames(tmp_path / "frames", {"a": VIDEOS["a"]}, count=8, keys=range(8))
    write_labels(tmp_path / "pa", frames)
    truth = write_labels(tmp_path / "truth", frames)

    def picture(seed: int) -> np.ndarray:
        monkeypatch.setattr(config, "seed", lambda: seed)
        params = ReportParams(videos=3, height=32)
        return report._evolution(frames, truth, [tmp_path / "pa"], params)

    pictures = [picture(seed) for seed in range(8)]
    assert np.array_equal(picture(3), pictures[3])
    # the only video, and a square that moves with the frame: of eight draws some are alike, not all
    assert len({p.tobytes() for p in pictures}) > 2
