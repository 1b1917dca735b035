from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.artifacts.cues import Cues
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.initial_pa.map_labels import TaggedPair
from pipeline.initial_pa.methods import InitialParams
from pipeline.initial_pa.read_cues import (
    annotated_frames,
    attention,
    read_frame_cues,
    videos_to_annotate,
)
from pipeline.runtime.errors import InputError
from tests.tiny import blocks, write_cues, write_frames, write_maps, write_superpixels

BY_MAPS, BY_MOTION = InitialParams(), InitialParams(method="motion_segments")
SIZE = (32, 40)


def value(of: float) -> np.ndarray:
    """A map that is ``of`` in its left half and 1 in its right."""
    return np.repeat(np.array([[of, 1.0]], np.float32), 20, axis=1).repeat(32, axis=0)


@pytest.fixture
def frames(tmp_path: Path) -> Frames:
    return write_frames(tmp_path / "frames")


def write_motion(folder: Path, *videos: str) -> np.ndarray:
    moves = np.zeros(SIZE, bool)
    moves[8:20, 6:18] = True
    maps = dict.fromkeys(range(4), moves)
    rows = [{"video": v, "rows": MotionSegments.write(folder, v, maps, maps)} for v in videos]
    MotionSegments.write_index(folder, rows)
    return moves


def united(folder: Path) -> Cues:
    """Maps of "a" (bird) and "c" (bird, dog), and of "c" alone those that were united."""
    bird, dog = {1: value(0.25), 3: value(0.5)}, {1: value(0.0), 3: value(0.75)}
    write_maps(folder / "actor", {"a": {"bird": bird}, "c": {"bird": bird, "dog": dog}})
    write_maps(folder / "aggregated_actor", {"c": {"bird": {3: value(0.125)}}})
    return write_cues(folder, "actor", "aggregated_actor")


def test_maps_that_were_united_come_first(tmp_path: Path, frames: Frames) -> None:
    cues = united(tmp_path / "cues")
    found = attention(cues, "actor")
    assert found is not None and found.videos == ["c"] and attention(cues, "action") is None
    alone = attention(write_cues(tmp_path / "cues", "actor"), "actor")
    assert alone is not None and alone.videos == ["a", "c"]


def test_which_videos_and_frames_are_labelled(tmp_path: Path, frames: Frames) -> None:
    cues = united(tmp_path / "cues")
    assert videos_to_annotate(frames, cues, BY_MAPS) == ["c"]  # the label filter left "a" out
    assert annotated_frames("c", frames, cues) == [3]
    assert annotated_frames("a", frames, cues) == [1, 3]
    alone = write_cues(tmp_path / "cues", "actor")
    assert videos_to_annotate(frames, alone, BY_MAPS) == ["a", "c"]
    write_motion(tmp_path / "moving/motion", "b", "d", "e", "f")
    moving = write_cues(tmp_path / "moving", "motion")
    # of tagged videos to learn from: "d" has no tag, "f" is for testing
    assert videos_to_annotate(frames, moving, BY_MOTION) == ["b", "e"]
    assert annotated_frames("b", frames, moving) == [1, 3]
    assert videos_to_annotate(frames, moving, BY_MAPS) == ["a", "b", "c", "e"]


def test_what_is_known_of_a_frame(tmp_path: Path, frames: Frames) -> None:
    superpixels = write_superpixels(tmp_path / "superpixels", frames)
    folder = tmp_path / "cues"
    united(folder)
    moves = write_motion(folder / "motion", "c")
    write_maps(folder / "action", {"c": {"walking": {1: value(0.1), 3: value(0.3)}}})
    alone = write_cues(folder, "actor", "action", "motion")
    found = read_frame_cues("c", 3, frames, superpixels, alone)
    assert (found.video, found.frame, found.num_labels) == ("c", 3, 4)
    assert np.array_equal(found.image, frames.image("c", 3))
    assert np.array_equal(found.superpixels, blocks(*SIZE, 4))
    # in the order of the names: bird, dog; labels 2 (bird-walking) and 3 (dog-walking)
    assert found.actor_maps.shape == (2, *SIZE) and found.action_maps.shape == (1, *SIZE)
    assert found.actor_maps == pytest.approx(np.stack([value(0.5), value(0.75)]))
    assert found.action_maps == pytest.approx(np.stack([value(0.3)]), abs=1e-3)  # float16
    assert list(found.pairs) == [TaggedPair(2, 0, 0), TaggedPair(3, 1, 0)]
    assert found.segment is not None and np.array_equal(found.segment, moves)
    # the united maps show one actor of the two
    one = read_frame_cues("c", 3, frames, superpixels, write_cues(folder, "aggregated_actor"))
    assert one.actor_maps == pytest.approx(np.stack([value(0.125)]))
    assert list(one.pairs) == [TaggedPair(2, 0, 0)] and one.segment is None
    assert one.action_maps.shape == (1, *SIZE) and not one.action_maps.any()


def test_without_maps_any_tagged_actor_may_be_seen(tmp_path: Path, frames: Frames) -> None:
    superpixels = write_superpixels(tmp_path / "superpixels", frames)
    write_motion(tmp_path / "cues/motion", "b")
    cues = write_cues(tmp_path / "cues", "motion")
    found = read_frame_cues("c", 1, frames, superpixels, cues)
    assert list(found.pairs) == [TaggedPair(2, 0, 0), TaggedPair(3, 1, 0)]
    assert found.actor_maps.shape == (2, *SIZE) and not found.actor_maps.any()
    assert found.segment is None  # "c" has no motion segments


def test_motion_labels_without_anything_in_motion(tmp_path: Path) -> None:
    """A data set of still images alone: one line, and no version of nothing."""
    frames = write_frames(tmp_path / "frames", count=1, keys=(0,))
    MotionSegments.write_index(tmp_path / "cues/motion", [])
    cues = write_cues(tmp_path / "cues", "motion")
    with pytest.raises(InputError, match="no video has motion segments") as error:
        videos_to_annotate(frames, cues, BY_MOTION)
    assert "\n" not in str(error.value)
