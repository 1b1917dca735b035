from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.artifacts.flows import Flows
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.maps import Maps
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.artifacts.superpixels import Superpixels
from pipeline.datasets.taxonomy import taxonomy_of
from pipeline.runtime.errors import InputError
from tests.tiny import DOG, TAXONOMY, VIDEOS, WALKING, images, write_frames


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


def test_a_still_image_is_a_video_of_one_frame(tmp_path: Path) -> None:
    picture = images(2, 32, 40, seed=0)
    Frames.write(tmp_path, "still", {0: picture[0]}, [0], "png")
    Frames.write(tmp_path, "video", dict(enumerate(picture)), [0], "png")
    row = {"split": "train", "height": 32, "width": 40}
    rows = [{"video": v, "rows": n, **row} for v, n in (("still", 1), ("video", 2))]
    Frames.write_index(tmp_path, rows, {"still": [DOG], "video": [DOG]}, TAXONOMY)
    frames = Frames(tmp_path)
    assert frames.is_still("still") and not frames.is_still("video")


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
