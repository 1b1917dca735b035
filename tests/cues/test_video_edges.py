from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.artifacts.cues import Cues
from pipeline.artifacts.edge_segments import EdgeSegments
from pipeline.artifacts.frames import Frames
from pipeline.cues.edge_segments import edge_segments
from pipeline.cues.edges import EdgeParams, gradient_edges
from pipeline.cues.table import CUES
from pipeline.cues.video_cue import CueInputs
from pipeline.runtime.errors import InputError
from pipeline.runtime.machine import MachineParams
from tests.tiny import TAXONOMY, write_frames


def run(params: dict[str, Any], out: str = "edges") -> EdgeSegments:
    inputs = CueInputs(Frames(Path("frames")), Cues(Path(), ()), None)
    CUES["edges"].compute(inputs, EdgeParams(**params), MachineParams(jobs=1), Path(out))
    return EdgeSegments(Path(out))


@pytest.fixture
def frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Frames:
    monkeypatch.chdir(tmp_path)
    return write_frames(Path("frames"))


def test_every_key_frame_to_learn_from(frames: Frames) -> None:
    found = run({"threshold": 0.3})
    assert found.videos == ["a", "b", "c", "d", "e"]  # d has no tag, f is for testing
    for video in found.videos:
        assert found.frames(video) == [1, 3]
    segments = found.segments("d", 3)
    assert segments.shape == (32, 40)
    square = np.zeros((32, 40), bool)
    square[8:20, 10:22] = True  # of `images`, at frame 3
    mine = segments == segments[14, 16]
    assert (mine & square).sum() / (mine | square).sum() > 0.75
    expected = edge_segments(gradient_edges(frames.image("d", 3), (1.0, 2.0, 4.0)), 0.3, 48, 0.002)
    assert (segments == expected).all()


def test_parameters_are_heard(frames: Frames) -> None:
    default = run({}).segments("a", 1)
    assert run({"regions": 2}, "two").segments("a", 1).max() == 1
    assert run({"threshold": 0.99}, "none").segments("a", 1).max() == 0
    finer = run({"scales": [1], "area": 0, "regions": None}, "fine").segments("a", 1)
    assert 1 < default.max() < finer.max()


def test_equal_bytes(frames: Frames) -> None:
    digests = []
    for out in ("one", "two"):
        run({}, out)
        files = sorted(path for path in Path(out).rglob("*") if path.is_file())
        digests.append([hashlib.sha256(f.read_bytes()).hexdigest() for f in files])
    assert digests[0] == digests[1] and len(digests[0]) == 6


def test_a_frame_of_one_colour_is_one_segment(frames: Frames) -> None:
    plain = {0: np.full((32, 40, 3), 90, np.uint8)}
    count = Frames.write(Path("frames"), "plain", plain, [0], "png")
    row = {"video": "plain", "rows": count, "split": "train", "height": 32, "width": 40}
    Frames.write_index(Path("frames"), [row], {"plain": []}, TAXONOMY)
    assert not run({}).segments("plain", 0).any()


def test_weights_of_another_network(frames: Frames) -> None:
    torch.save({"fc.weight": torch.zeros(2, 2)}, "other.pt")
    with pytest.raises(InputError, match=r"other\.pt: weights do not fit Hed: it lacks") as error:
        run({"method": "hed", "weights": "other.pt"})
    assert "\n" not in str(error.value)
