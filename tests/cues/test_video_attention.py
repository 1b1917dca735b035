from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.artifacts.cues import Cues
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.maps import Maps
from pipeline.artifacts.models import LAST, Model, write_model
from pipeline.cues.table import CUES
from pipeline.cues.video_cue import CueInputs
from pipeline.cues.video_maps import CamParams, clip_maps, frame_maps
from pipeline.datasets.clips import resize_short_side
from pipeline.networks.base import Classifier
from pipeline.networks.classifiers import build_classifier
from pipeline.runtime.machine import MachineParams
from tests.tiny import write_frames

ACTORS = ["bird", "dog", "nothing"]
ONE = MachineParams(threads=1, jobs=1)


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def frames(tmp_path: Path) -> Frames:
    return write_frames(tmp_path / "frames")  # key frames 1 and 3 of 4


def write_classifier(folder: Path, classes: list[str], **params: Any) -> Classifier:
    torch.manual_seed(6)
    model = build_classifier(params["network"], len(classes))
    description = {"classes": classes, "params": params}
    write_model(folder, description, {}, {LAST: model.state_dict()})
    return model.eval()


def compute(folder: Path, branch: str, frames: Frames, **params: Any) -> Maps:
    inputs = CueInputs(frames, Cues(folder, ()), Model(folder / "model"))
    CUES[branch].compute(inputs, CamParams(**params), ONE, folder / "out")
    return Maps(folder / "out")


def test_key_frames_of_tagged_videos_to_learn_from(tmp_path: Path, frames: Frames) -> None:
    model = write_classifier(tmp_path / "model", ACTORS, network="small_resnet")
    found = compute(tmp_path, "actor", frames)
    assert found.videos == ["a", "b", "c", "e"]  # "d" has no tag, "f" is for testing
    assert found.metadata == {"classes": ACTORS}
    shown = {"a": ["bird"], "b": ["dog"], "c": ["bird", "dog"], "e": ["dog"]}
    for video, names in shown.items():
        assert found.frames(video) == [1, 3]
        numbers = [ACTORS.index(name) for name in names]
        expected, _ = frame_maps(model, frames.images(video, [1, 3]), numbers, CamParams())
        for place, n in enumerate((1, 3)):
            maps = found.maps(video, n)
            assert list(maps) == names and not found.scores(video, n)
            stored = np.stack(list(maps.values()))
            assert stored == pytest.approx(expected[place], abs=1e-3)  # float16
    assert any(np.ptp(found.maps("c", 1)[name]) > 0.1 for name in ("bird", "dog"))


def test_scores_of_all_classes_and_maps_of_those_that_answer(
    tmp_path: Path, frames: Frames
) -> None:
    write_classifier(tmp_path / "model", ACTORS, network="small_resnet", loss="softmax")
    plain = compute(tmp_path, "actor", frames, method="cam")
    scores = plain.scores("a", 1)
    assert list(scores) == ACTORS and sum(scores.values()) == pytest.approx(1, abs=1e-5)
    assert list(plain.maps("a", 1)) == ["bird"]
    bird, highest = plain.maps("a", 3)["bird"], max(plain.scores("a", n)["dog"] for n in (1, 3))
    # a class beside the tags has maps where some frame of the video seems to show it
    more = compute(tmp_path, "actor", frames, method="cam", above=highest - 1e-3)
    assert list(more.maps("a", 3)) == ["bird", "dog"]  # and never of nothing
    assert np.array_equal(more.maps("a", 3)["bird"], bird) and more.scores("a", 1) == scores
    same = compute(tmp_path, "actor", frames, method="cam", above=highest + 1e-3)
    assert list(same.maps("a", 3)) == ["bird"]


def test_frames_are_taken_at_the_side_of_the_classifier(tmp_path: Path, frames: Frames) -> None:
    model = write_classifier(tmp_path / "model", ACTORS, network="small_resnet", side=16)
    small = compute(tmp_path, "actor", frames).maps("a", 1)["bird"]
    write_classifier(tmp_path / "model", ACTORS, network="small_resnet")
    whole = compute(tmp_path, "actor", frames).maps("a", 1)["bird"]
    images = resize_short_side(frames.images("a", [1]), 16)
    expected, _ = frame_maps(model, images, [0], CamParams())
    assert small == pytest.approx(expected[0, 0], abs=1e-3)
    assert whole.shape != small.shape


def test_clips_that_cover_the_video(tmp_path: Path, frames: Frames) -> None:
    clip = {"frames": 2, "step": 1}
    model = write_classifier(
        tmp_path / "model", ["flying", "walking"], network="small_3d", clip=clip
    )
    found = compute(tmp_path, "action", frames)
    assert found.videos == ["a", "b", "c", "e"] and found.frames("a") == [1, 3]
    assert list(found.maps("a", 1)) == ["flying"] and list(found.maps("c", 3)) == ["walking"]
    clips = [(frames.images("c", [n, n + 1]), np.array([n, n + 1])) for n in (0, 2)]
    expected = clip_maps(model, clips, np.array([1, 3]), [1], CamParams())
    for place, n in enumerate((1, 3)):
        assert found.maps("c", n)["walking"] == pytest.approx(expected[place, 0], abs=1e-3)
