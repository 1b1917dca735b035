"""PA.v0 as its stage makes it: from the cues that the recipe has, and of no other video."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import yaml

from conf.compose import composed
from pipeline.artifacts.cues import Cues
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.runtime.errors import InputError
from stages import make_initial_pa
from tests.tiny import label_map, write_cues, write_frames, write_maps, write_superpixels

KEYS = (1, 3)
SIZE = (32, 40)
FIXED = ("make_initial_pa.binarise.variant=fixed", "+make_initial_pa.binarise.threshold=0.5")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def make(frames: Frames, cues: Cues, *overrides: str, out: str = "v0") -> LabelMaps:
    values = composed([*overrides, "machine.jobs=1"])
    Path("params.yaml").write_text(yaml.safe_dump(values))
    superpixels = write_superpixels(Path("superpixels"), frames)
    make_initial_pa.run(frames, superpixels, cues, Path(out))
    return LabelMaps(Path(out))


def square(n: int) -> np.ndarray:
    """1 where the square of frame n is."""
    return label_map(1, n, *SIZE).astype(np.float32)


def corner(n: int) -> np.ndarray:
    """1 in whole superpixels that the square does not touch."""
    found = np.zeros(SIZE, np.float32)
    found[24:, 32:] = 1
    return found


def write_branch(
    name: str, classes: Mapping[str, str], of_frame: Callable[[int], np.ndarray]
) -> None:
    """Maps of one class of each video, alike in all of them."""
    maps = {n: of_frame(n) for n in KEYS}
    write_maps(Path("cues") / name, {v: {c: maps} for v, c in classes.items()})


def test_motion_labels_without_anything_in_motion() -> None:
    """A data set of still images alone: one line, and no version of nothing."""
    frames = write_frames(Path("frames"), count=1, keys=(0,))
    MotionSegments.write_index(Path("cues/motion"), [])
    with pytest.raises(InputError, match="no video has motion segments") as error:
        make(frames, write_cues(Path("cues"), "motion"), "recipe=mcnn")
    assert "\n" not in str(error.value) and not Path("v0").exists()


def test_actions_count_where_the_recipe_has_them() -> None:
    """The square is the actor's, the corner the action's; both are the video's one tag."""
    frames = write_frames(Path("frames"))
    write_branch("actor", {"a": "bird", "b": "dog", "e": "dog"}, square)
    write_branch("action", {"a": "flying", "b": "walking", "e": "walking"}, corner)
    recipe = ("recipe=ws2", *FIXED)
    both = make(frames, write_cues(Path("cues"), "actor", "action"), *recipe)
    assert both.videos == ["a", "b", "e"]  # c has no maps, d and f are not learned from
    actor = make(frames, write_cues(Path("cues"), "actor"), *recipe, out="of_actors")
    for video, label in (("a", 1), ("b", 3)):
        for n in KEYS:
            expected = label * (square(n) + corner(n))
            assert np.array_equal(both.initial(video, n), expected)
            assert np.array_equal(actor.initial(video, n), label * square(n))
            assert (both.labels(video, n)[24:, 32:] == label).all()


def test_the_version_says_how_much_of_the_training_frames_is_labelled() -> None:
    """Whole superpixels of 4 x 4 pixels of a frame of 32 x 40, in the training videos alone."""
    frames = write_frames(Path("frames"))
    write_branch("actor", {"a": "bird", "b": "dog"}, corner)
    recipe = ("recipe=ws2", *FIXED)
    found = make(frames, write_cues(Path("cues"), "actor"), *recipe)
    assert found.metadata == {
        "version": "v0",
        "model": None,
        "selection": None,
        "initial_share": pytest.approx(8 * 8 / (32 * 40)),
    }


def test_maps_that_are_united_along_flow_stand_for_the_others() -> None:
    frames = write_frames(Path("frames"))
    write_branch("actor", {"a": "bird", "b": "dog"}, square)
    write_branch("aggregated_actor", {"b": "dog"}, corner)
    recipe = ("recipe=ws2_flow", *FIXED)
    found = make(frames, write_cues(Path("cues"), "actor", "aggregated_actor"), *recipe)
    assert found.videos == ["b"]  # of the others there is no sample
    assert np.array_equal(found.labels("b", 1), 3 * corner(1))
