from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.artifacts.cues import Cues
from pipeline.artifacts.flows import Flows
from pipeline.artifacts.frames import Frames
from pipeline.cues.flow import FlowParams
from pipeline.cues.table import CUES
from pipeline.cues.video_cue import CueInputs
from pipeline.runtime.machine import MachineParams
from tests.tiny import DOG, TAXONOMY, VIDEOS, images, write_frames


def run(frames: Path, params: dict[str, Any], out: str = "flow") -> Flows:
    inputs = CueInputs(Frames(frames), Cues(Path(), ()), None)
    CUES["flow"].compute(inputs, FlowParams(**params), MachineParams(jobs=1), Path(out))
    return Flows(Path(out))


@pytest.fixture
def frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_frames(Path("frames"), {"a": VIDEOS["a"], "b": VIDEOS["b"]}, count=5, keys=(1, 4))
    return Path("frames")


def test_flow_of_every_frame(frames: Path) -> None:
    flows = run(frames, {"method": "dis", "backward": True})
    assert flows.videos == ["a", "b"] and flows.frames("a") == [0, 1, 2, 3, 4]
    forward, backward = flows.forward("b", 1), flows.backward("b", 2)
    assert forward is not None and backward is not None and forward.shape == (32, 40, 2)
    # the square of `images` moves two pixels a frame to the right
    assert np.median(forward[10:18, 8:16, 0]) == pytest.approx(2, abs=0.5)
    assert np.median(backward[10:18, 10:18, 0]) == pytest.approx(-2, abs=0.5)


def test_flow_of_key_frames(frames: Path) -> None:
    flows = run(frames, {"pairs": "key_frames", "max_side": 32})
    assert flows.frames("a") == [1, 4]
    forward = flows.forward("a", 1)
    assert forward is not None and forward.shape == (26, 32, 2)
    assert flows.forward("a", 4) is None and flows.backward("a", 4) is None


def test_a_still_image_and_a_still_shot(frames: Path) -> None:
    picture = images(1, 32, 40, seed=3)[0]
    stills = {"still": {0: picture}, "shot": dict.fromkeys(range(3), picture)}
    rows = []
    for video, kept in stills.items():
        count = Frames.write(Path("stills"), video, kept, [0], "png")
        rows.append({"video": video, "rows": count, "split": "train", "height": 32, "width": 40})
    Frames.write_index(Path("stills"), rows, {v: [DOG] for v in stills}, TAXONOMY)
    flows = run(Path("stills"), {})
    assert flows.videos == ["shot"] and "still" not in flows
    forward = flows.forward("shot", 1)
    assert forward is not None and np.abs(forward).max() < 1e-3
