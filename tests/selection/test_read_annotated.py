from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.artifacts.cues import Cues
from pipeline.artifacts.flows import Flows
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.superpixels import Superpixels
from pipeline.runtime.errors import InputError
from pipeline.runtime.reproducible import derive_seed
from pipeline.selection.measure import measure_regions
from pipeline.selection.read_annotated import measure_video, read_annotated
from pipeline.vision.superpixel_refinement import RefineParams
from tests.tiny import (
    TAXONOMY,
    blocks,
    label_map,
    write_cues,
    write_frames,
    write_maps,
    write_superpixels,
)
from tests.vision.test_warping import constant

SIZE = (32, 40)
FLYING, WALKING, DOG = 1, 2, 3  # bird-flying, bird-walking, dog-walking


def even(value: float) -> np.ndarray:
    """A small map of one value: it is scaled by its maximum and so is 1 everywhere, or 0."""
    return np.full((2, 4), value, np.float32)


def left_half() -> np.ndarray:
    found = np.zeros(SIZE, np.float32)
    found[:, :20] = 0.5
    return found


@pytest.fixture
def read(tmp_path: Path) -> tuple[Frames, LabelMaps, Superpixels]:
    """Frames of the class, labelled at 1 and 3: "c" with a walking bird, then a dog as well."""
    frames = write_frames(tmp_path / "frames")
    first, second = label_map(WALKING, 1, *SIZE), label_map(WALKING, 3, *SIZE)
    second[24:30, 2:9] = DOG
    before = {1: label_map(WALKING, 0, *SIZE), 3: second}
    rows = [
        {"video": "c", "rows": LabelMaps.write(tmp_path / "pa", "c", {1: first, 3: second}, before)}
    ]
    LabelMaps.write_index(tmp_path / "pa", rows, {"version": "v0"})
    return frames, LabelMaps(tmp_path / "pa"), write_superpixels(tmp_path / "superpixels", frames)


def write_attention(folder: Path, *branches: str) -> Cues:
    """Birds lie in the left half, dogs and all that walks everywhere."""
    everywhere, here = np.full(SIZE, 0.25, np.float32), left_half()
    maps = {
        "actor": {"bird": {1: here, 3: here}, "dog": {1: everywhere, 3: everywhere}},
        "action": {"walking": {1: everywhere, 3: everywhere}},
    }
    for branch in branches:
        write_maps(folder / branch, {"c": maps[branch]})
    return write_cues(folder, *branches)


def test_what_is_read(tmp_path: Path, read: tuple[Frames, LabelMaps, Superpixels]) -> None:
    frames, labels, _ = read
    found = read_annotated("c", *read, write_attention(tmp_path / "cues", "actor"), False)
    assert found.video == "c" and list(found.frames) == [1, 3]
    for place, n in enumerate((1, 3)):
        assert np.array_equal(found.images[place], frames.image("c", n))
        assert np.array_equal(found.labels[place], labels.labels("c", n))
        assert np.array_equal(found.superpixels[place], blocks(*SIZE, 4))
    assert np.array_equal(found.initial[0], label_map(WALKING, 0, *SIZE))
    assert np.array_equal(found.initial[1], found.labels[1])
    assert len(found.neighbours) == 0
    assert set(found.attention) == {WALKING, DOG}  # of the labels that occur


def test_attention_is_the_mean_over_the_branches_that_the_recipe_has(
    tmp_path: Path, read: tuple[Frames, LabelMaps, Superpixels]
) -> None:
    half = left_half() > 0
    # a map is scaled by its maximum: the birds' is 1 on the left, all others are 1 everywhere
    alone = read_annotated("c", *read, write_attention(tmp_path / "one", "actor"), False)
    assert np.array_equal(alone.attention[WALKING], np.stack([half] * 2))
    assert (alone.attention[DOG] == 1).all() and alone.attention[DOG].shape == (2, *SIZE)
    both = read_annotated("c", *read, write_attention(tmp_path / "two", "actor", "action"), False)
    assert np.array_equal(both.attention[WALKING], np.stack([np.where(half, 1, 0.5)] * 2))
    assert (both.attention[DOG] == 1).all()


def test_without_maps_of_a_class_or_a_video_there_is_no_attention(
    tmp_path: Path, read: tuple[Frames, LabelMaps, Superpixels]
) -> None:
    write_maps(tmp_path / "cues/actor", {"c": {"bird": {1: even(1), 3: even(1)}}})
    found = read_annotated("c", *read, write_cues(tmp_path / "cues", "actor"), False)
    assert (found.attention[WALKING] == 1).all() and (found.attention[DOG] == 0).all()
    write_maps(tmp_path / "other/actor", {"a": {"bird": {1: even(1), 3: even(1)}}})
    for cues in (write_cues(tmp_path / "other", "actor"), write_cues(tmp_path / "none")):
        none = read_annotated("c", *read, cues, False)
        assert all((maps == 0).all() for maps in none.attention.values())
        assert none.attention[DOG].shape == (2, *SIZE)


def test_flow_is_read_where_a_score_asks_for_it(
    tmp_path: Path, read: tuple[Frames, LabelMaps, Superpixels]
) -> None:
    folder = tmp_path / "cues"
    ahead = [constant(*SIZE, x, 0) for x in (1, 2, 4)]
    count = Flows.write(folder / "flow", "c", range(4), ahead, [-flow for flow in ahead])
    Flows.write_index(folder / "flow", [{"video": "c", "rows": count}])
    cues = write_cues(folder, "flow")
    assert len(read_annotated("c", *read, cues, False).neighbours) == 0
    there, back = read_annotated("c", *read, cues, True).neighbours
    assert set(there) == {1} and there[1][0, 0].tolist() == [6, 0]  # by way of frame 2: 2 + 4
    assert set(back) == {0} and back[0][0, 39].tolist() == [-6, 0]
    with pytest.raises(InputError, match="has no cue flow; add it to the recipe's cues"):
        read_annotated("c", *read, write_cues(tmp_path / "none"), True)


def test_a_video_is_measured_with_squares_of_its_own(
    tmp_path: Path, read: tuple[Frames, LabelMaps, Superpixels]
) -> None:
    cues = write_attention(tmp_path / "cues", "actor", "action")
    found = measure_video("c", *read, cues, False, RefineParams(), 8, seed=5)
    video = read_annotated("c", *read, cues, False)
    rng = np.random.default_rng(derive_seed(5, "c"))
    names = TAXONOMY.names("actor_action")
    expected = measure_regions(video, names, RefineParams(), 8, rng)
    assert found.table.equals(expected.table)
    rows = found.table[["video", "frame", "tag"]].values.tolist()
    assert rows == [["c", 1, "bird-walking"], ["c", 3, "bird-walking"], ["c", 3, "dog-walking"]]
    assert found.patches.original.shape == (3, 8, 8, 3)
    for one, other in zip(found.patches, expected.patches, strict=True):
        assert np.array_equal(one, other)
    drawn = {
        measure_video("c", *read, cues, False, RefineParams(), 8, seed=s).patches.pasted.tobytes()
        for s in range(4)
    }
    assert len(drawn) > 1
