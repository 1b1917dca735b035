from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.artifacts.superpixels import Superpixels
from pipeline.prediction.read_evidence import Evidence
from tests.tiny import TAXONOMY, blocks, write_cues, write_frames, write_maps, write_superpixels


@pytest.fixture
def stored(tmp_path: Path) -> tuple[Frames, Superpixels]:
    frames = write_frames(tmp_path / "frames")
    return frames, write_superpixels(tmp_path / "superpixels", frames)


def test_what_is_known_of_every_video(stored: tuple[Frames, Superpixels]) -> None:
    frames, regions = stored
    evidence = Evidence(frames, "c", [1, 3], regions)
    assert evidence.labels == (2, 3) and evidence.num_labels == 4
    assert evidence.images.shape == (2, 32, 40, 3)
    assert np.array_equal(evidence.images[1], frames.image("c", 3))
    assert all(np.array_equal(own, blocks(32, 40, 4)) for own in evidence.superpixels)
    assert evidence.action_maps() is None and evidence.motion() is None
    assert Evidence(frames, "c", [1], regions, tags_known=False).labels is None
    moved = evidence.with_background_bias(1.5)
    assert (moved.background_bias, evidence.background_bias) == (1.5, 0.0)
    assert moved.video == "c" and moved.labels == (2, 3)


def test_each_label_has_the_map_of_its_action(
    stored: tuple[Frames, Superpixels], tmp_path: Path
) -> None:
    frames, regions = stored
    walking = TAXONOMY.pairs[1][1]
    low, high = np.full((2, 2), 0.25), np.eye(2)
    write_maps(tmp_path / "cues/action", {"c": {walking: {1: high, 3: low}}})
    cues = write_cues(tmp_path / "cues", "action")
    found = Evidence(frames, "c", [3, 1], regions, cues).action_maps()
    assert found is not None and found.shape == (2, 2, 32, 40)  # both labels walk
    assert (found[0] == 1).all()  # each map is scaled by its maximum
    assert found[1, 1, 0, 0] == found[1, 1, -1, -1] == 1 and found[1, 1, 0, -1] == 0
    assert Evidence(frames, "b", [1], regions, cues).action_maps() is None
    write_maps(tmp_path / "cues/action", {"a": {walking: {1: high}}})
    other = Evidence(frames, "a", [1], regions, write_cues(tmp_path / "cues", "action"))
    maps = other.action_maps()
    assert maps is not None and not maps.any()  # the bird flies


def test_motion_of_frames_that_have_any(stored: tuple[Frames, Superpixels], tmp_path: Path) -> None:
    frames, regions = stored
    moves = {n: np.full((32, 40), n == 3) for n in (1, 3)}
    bands = {n: np.full((32, 40), n == 1) for n in (1, 3)}
    rows = MotionSegments.write(tmp_path / "cues/motion", "b", moves, bands)
    MotionSegments.write_index(tmp_path / "cues/motion", [{"video": "b", "rows": rows}])
    cues = write_cues(tmp_path / "cues", "motion")
    found = Evidence(frames, "b", [3, 1], regions, cues).motion()
    assert found is not None
    assert [m.all() for m in found[0]] == [True, False]
    assert [m.all() for m in found[1]] == [False, True]
    assert Evidence(frames, "a", [1], regions, cues).motion() is None
