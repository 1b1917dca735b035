from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.artifacts.kinds import Flows, Frames, LabelMaps, Maps, MotionSegments, Superpixels
from pipeline.datasets.taxonomy import taxonomy_of
from pipeline.runtime.errors import InputError
from tests.tiny import DOG, TAXONOMY, VIDEOS, WALKING, images, label_map, write_frames


def test_frames_round_trip(tmp_path: Path) -> None:
    frames = write_frames(tmp_path)
    expected = images(4, 32, 40, seed=2)
    assert np.array_equal(frames.image("c", 2), expected[2])
    assert np.array_equal(frames.images("c", [3, 0]), expected[[3, 0]])
    assert frames.frames("c") == [0, 1, 2, 3]
    assert frames.key_frames("c") == [1, 3]
    assert frames.taxonomy == TAXONOMY
    assert frames.tags("c") == {WALKING, DOG} and frames.tags("d") == frozenset()


def test_frames_by_split_and_tag(tmp_path: Path) -> None:
    frames = write_frames(tmp_path)
    assert frames.of_split("train") == ["a", "b", "c", "d"]
    assert frames.of_split("test", "val") == ["e", "f"]
    assert frames.tagged("train", "val") == ["a", "b", "c", "e"]


def test_frames_are_found_by_number_not_by_place(tmp_path: Path) -> None:
    picture = images(3, 32, 40, seed=0)
    Frames.write(tmp_path, "v", {90: picture[2], 4: picture[0], 17: picture[1]}, [17], "png")
    row = {"video": "v", "rows": 3, "split": "train", "height": 32, "width": 40}
    Frames.write_index(tmp_path, [row], {"v": [DOG]}, TAXONOMY)
    frames = Frames(tmp_path)
    assert np.array_equal(frames.image("v", 17), picture[1])
    assert frames.key_frames("v") == [17]
    for missing in (0, 5, 91):
        with pytest.raises(KeyError, match=f"no frame {missing}"):
            frames.image("v", missing)


def test_names_of_several_words(tmp_path: Path) -> None:
    tag = ("polar bear", "running fast-and-far")
    Frames.write(tmp_path, "v", {0: images(1, 32, 40, 0)[0]}, [0], "png")
    row = {"video": "v", "rows": 1, "split": "train", "height": 32, "width": 40}
    Frames.write_index(tmp_path, [row], {"v": [tag]}, taxonomy_of([tag]))
    frames = Frames(tmp_path)
    assert frames.tags("v") == {tag} and frames.taxonomy.label(tag) == 1


def test_superpixels_round_trip(tmp_path: Path) -> None:
    many = np.arange(300, dtype=np.int32).reshape(15, 20)
    count = Superpixels.write(tmp_path, "v", {3: many, 1: many % 7})
    Superpixels.write_index(tmp_path, [{"video": "v", "rows": count}])
    stored = Superpixels(tmp_path)
    assert count == 2 and stored.frames("v") == [1, 3]
    assert stored.superpixels("v", 3).dtype == np.int32
    assert np.array_equal(stored.superpixels("v", 3), many)
    assert np.array_equal(stored.superpixels("v", 1), many % 7)


def test_labels_round_trip(tmp_path: Path) -> None:
    final, raw = label_map(3, 1, 32, 40), label_map(3, 2, 32, 40)
    final[0, 0] = 255
    LabelMaps.write(tmp_path, "with", {5: final}, {5: raw})
    LabelMaps.write(tmp_path, "without", {5: final})
    rows = [{"video": v, "rows": 1} for v in ("with", "without")]
    LabelMaps.write_index(tmp_path, rows, {"version": "v2", "model": {"trained_on": "v1"}})
    stored = LabelMaps(tmp_path)
    assert stored.labels("with", 5).dtype == np.uint8
    assert np.array_equal(stored.labels("with", 5), final)
    assert np.array_equal(stored.initial("with", 5), raw)
    assert np.array_equal(stored.initial("without", 5), final)
    assert stored.metadata == {"version": "v2", "model": {"trained_on": "v1"}}
    assert not stored.stopped


def test_a_version_after_the_stop(tmp_path: Path) -> None:
    LabelMaps.write_index(tmp_path, [], {"version": "v3", "stopped_after": "v1"})
    assert LabelMaps(tmp_path).stopped and LabelMaps(tmp_path).videos == []


def test_maps_are_float16_at_their_own_size(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    maps = {1: rng.random((2, 3, 5)), 4: rng.random((2, 6, 4)).astype(np.float32)}
    count = Maps.write(tmp_path, "v", [2, 0], maps)
    Maps.write_index(tmp_path, [{"video": "v", "rows": count}], ["bird", "cat", "dog"])
    stored = Maps(tmp_path)
    assert [len(b) for b in stored.table("v").column("maps").to_pylist()] == [2 * 30, 2 * 48]
    for n, expected in maps.items():
        found = stored.maps("v", n)
        assert list(found) == ["dog", "bird"]
        assert found["dog"].dtype == np.float32
        for name, rounded in zip(found, expected.astype(np.float16), strict=True):
            assert np.array_equal(found[name], rounded)


def test_scores_stand_beside_the_maps(tmp_path: Path) -> None:
    maps = {1: np.zeros((1, 2, 2)), 4: np.zeros((1, 2, 2))}
    scores = {1: np.array([0.25, 0.5, 1.0]), 4: np.array([0.0, 0.75, 0.125])}
    Maps.write(tmp_path, "with", [2], maps, scores)
    Maps.write(tmp_path, "without", [2], maps)
    rows = [{"video": v, "rows": 2} for v in ("with", "without")]
    Maps.write_index(tmp_path, rows, ["bird", "cat", "dog"])
    stored = Maps(tmp_path)
    assert stored.scores("with", 4) == {"bird": 0.0, "cat": 0.75, "dog": 0.125}
    assert stored.scores("with", 1)["cat"] == 0.5
    assert stored.scores("without", 4) == {}


def test_a_still_image_is_a_video_of_one_frame(tmp_path: Path) -> None:
    picture = images(2, 32, 40, seed=0)
    Frames.write(tmp_path, "still", {0: picture[0]}, [0], "png")
    Frames.write(tmp_path, "video", dict(enumerate(picture)), [0], "png")
    row = {"split": "train", "height": 32, "width": 40}
    rows = [{"video": v, "rows": n, **row} for v, n in (("still", 1), ("video", 2))]
    Frames.write_index(tmp_path, rows, {"still": [DOG], "video": [DOG]}, TAXONOMY)
    frames = Frames(tmp_path)
    assert frames.is_still("still") and not frames.is_still("video")


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


def test_motion_segments_round_trip(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    segments, bands = ({n: rng.random((5, 7)) < 0.5 for n in (2, 3)} for _ in range(2))
    count = MotionSegments.write(tmp_path, "v", segments, bands)
    MotionSegments.write_index(tmp_path, [{"video": "v", "rows": count}])
    stored = MotionSegments(tmp_path)
    assert stored.videos == ["v"] and stored.frames("v") == [2, 3] and "still" not in stored
    for n in (2, 3):
        assert stored.segment("v", n).dtype == bool
        assert np.array_equal(stored.segment("v", n), segments[n])
        assert np.array_equal(stored.boundary("v", n), bands[n])


def test_kinds_are_not_mistaken_for_each_other(tmp_path: Path) -> None:
    write_frames(tmp_path, {"a": VIDEOS["a"]})
    for kind in (Superpixels, LabelMaps, Maps, Flows, MotionSegments):
        with pytest.raises(InputError, match="holds frames version 1, expected"):
            kind(tmp_path)


def test_shots_know_the_video_they_were_cut_from(tmp_path: Path) -> None:
    rows = []
    for name, of in (("v_1", "v"), ("v_2", "v"), ("whole", None)):
        count = Frames.write(tmp_path, name, {0: images(1, 32, 40, 0)[0]}, [0], "png")
        row = {"video": name, "rows": count, "split": "train", "height": 32, "width": 40}
        rows.append(row if of is None else row | {"shot_of": of})
    Frames.write_index(tmp_path, rows, {row["video"]: [DOG] for row in rows}, TAXONOMY)
    frames = Frames(tmp_path)
    assert [frames.whole_video(v) for v in frames.videos] == ["v", "v", "whole"]


def test_without_shots_every_video_is_whole(tmp_path: Path) -> None:
    frames = write_frames(tmp_path)
    assert [frames.whole_video(v) for v in frames.videos] == frames.videos
    assert "shot_of" not in frames.index
