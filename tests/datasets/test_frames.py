from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.datasets.frames import PrepareFramesParams, prepared_frames
from pipeline.datasets.video import Video
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params
from tests.datasets.miniature import make_frames, write_images


def video(folder: Path, count: int, annotated: tuple[int, ...] = ()) -> Video:
    source = tuple(write_images(folder, [f"{n:03d}.png" for n in range(count)]))
    notes = {n: folder / f"{n}.mat" for n in annotated}  # none of these files exists
    return Video("v", frozenset([("dog", "running")]), "train", source, notes)


def test_key_frames_are_spread_and_kept_whatever_the_step(tmp_path: Path) -> None:
    frames, keys = prepared_frames(video(tmp_path, 12), PrepareFramesParams(step=5, key_frames=3))
    assert keys == (2, 6, 10)
    assert list(frames) == [0, 2, 5, 6, 10]
    for n, frame in frames.items():
        assert np.array_equal(frame, make_frames(12)[n])


def test_annotated_frames_are_key_frames_too(tmp_path: Path) -> None:
    params = PrepareFramesParams(step=100, key_frames=2)
    frames, keys = prepared_frames(video(tmp_path, 8, annotated=(0, 2, 7, 8, 90)), params)
    assert keys == (0, 2, 6, 7)  # 2 and 6 are spread; 8 and 90 lie behind the end
    assert list(frames) == [0, 2, 6, 7]


def test_annotated_frames_may_be_left_where_every_frame_is_annotated(tmp_path: Path) -> None:
    params = PrepareFramesParams(key_frames=2, annotated_keys=False)
    _, keys = prepared_frames(video(tmp_path, 8, annotated=tuple(range(8))), params)
    assert keys == (2, 6)


def test_more_key_frames_than_frames(tmp_path: Path) -> None:
    frames, keys = prepared_frames(video(tmp_path, 3), PrepareFramesParams(key_frames=20))
    assert keys == (0, 1, 2) == tuple(frames)


def test_max_side(tmp_path: Path) -> None:
    frames, _ = prepared_frames(video(tmp_path, 2), PrepareFramesParams(max_side=32))
    assert {f.shape for f in frames.values()} == {(24, 32, 3)}


def test_a_damaged_video_is_refused(tmp_path: Path) -> None:
    damaged = video(tmp_path, 4)
    (tmp_path / "002.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"'v': cannot read frame .*002\.png"):
        prepared_frames(damaged, PrepareFramesParams())


@pytest.mark.parametrize(
    "values", [{"max_side": 16}, {"step": 0}, {"key_frames": 0}, {"codec": "x"}]
)
def test_refuses(values: dict[str, object]) -> None:
    with pytest.raises(InputError, match=rf"^parameter prepare_frames\.{next(iter(values))} = "):
        parse_params(PrepareFramesParams, values, "prepare_frames")
