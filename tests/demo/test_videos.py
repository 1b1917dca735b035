from __future__ import annotations

import csv
import hashlib
from collections import Counter
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

from pipeline.datasets.taxonomy import a2d_tag
from pipeline.demo import sprites
from pipeline.demo.scene import ClipSpec, move, render_clip
from pipeline.demo.sprite_canvas import CANVAS, Pen, paste, placement
from pipeline.demo.videos import PAIRS, DemoParams, make_demo, plan_demo, render_video
from pipeline.runtime.errors import InputError

ACTIONS_OF = {  # valid last digits of each actor, as listed for the A2D release
    1: "12356789",
    2: "12689",
    3: "4569",
    4: "1345689",
    5: "45679",
    6: "1356789",
    7: "2356789",
}
VALID = {10 * actor + int(digit) for actor, digits in ACTIONS_OF.items() for digit in digits}
SMALL = DemoParams(
    seed=3, train=8, test=3, without_actor=2, height=48, width=64, absent=0.9, two_actors=0.25
)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo")
    make_demo(SMALL, out)
    return out / "Release"


def digests(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(f.relative_to(root)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def decode(path: Path) -> np.ndarray:
    capture, frames = cv2.VideoCapture(str(path)), []
    while (read := capture.read())[0]:
        frames.append(read[1][..., ::-1])
    return np.array(frames)


def test_videoset_lists_every_video_with_nine_columns(release: Path) -> None:
    with (release / "videoset.csv").open() as file:
        rows = list(csv.reader(file))
    assert len(rows) == 13
    assert {len(row) for row in rows} == {9}
    assert len({row[0] for row in rows}) == 13
    for vid, label, start, end, height, width, frames, annotated, usage in rows:
        assert (start, end, height, width, frames) == ("00:00:00", "00:00:02", "48", "64", "16")
        assert usage == ("1" if vid.startswith("test") else "0")
        assert (label == "0", annotated == "0") == ((vid.startswith("empty"),) * 2)
        assert label == "0" or int(label) in VALID
        mats = sorted(p.name for p in (release / "Annotations/mat" / vid).glob("*"))
        odd = [f"{number:05d}.mat" for number in range(2, 17, 2)]
        assert mats == ([] if label == "0" else odd)
        assert len(mats) == int(annotated)


def test_clips_decode_to_the_frames_that_were_drawn(release: Path) -> None:
    for video in plan_demo(SMALL):
        frames = decode(release / "clips320H" / f"{video.id}.mp4")
        drawn = render_video(SMALL, video).frames
        assert frames.shape == drawn.shape == (16, 48, 64, 3)
        error = np.abs(frames.astype(float) - drawn)
        assert error.mean() < 14
        shifted = np.abs(frames.astype(float) - drawn[..., ::-1])  # red and blue exchanged
        assert error.mean() < shifted.mean()


def test_annotations_are_stored_transposed_and_equal_the_drawing(release: Path) -> None:
    counts = Counter()
    for video in plan_demo(SMALL):
        clip = render_video(SMALL, video)
        for t in range(1, 16, 2) if video.spec.ids else ():
            with h5py.File(release / "Annotations/mat" / video.id / f"{t + 1:05d}.mat") as file:
                labels, masks, boxes, ids = (
                    np.array(file[k]) for k in ("reS_id", "reMask", "reBBox", "id")
                )
            assert labels.shape == (64, 48)
            np.testing.assert_array_equal(labels.T, clip.labels[t])
            n = ids.shape[1]
            counts[n] += 1
            assert ids.shape == (1, n) and boxes.shape == (4, n)
            assert masks.shape == ((64, 48) if n == 1 else (n, 64, 48))
            painted = np.zeros((48, 64), np.uint8)
            for mask, box, number in zip(masks.reshape(n, 64, 48), boxes.T, ids[0], strict=True):
                painted[mask.T > 0] = number
                rows, columns = np.nonzero(mask.T)
                inside = columns.min() + 1, rows.min() + 1, columns.max() + 1, rows.max() + 1
                assert tuple(box) == inside
            np.testing.assert_array_equal(painted, labels.T)
    assert set(counts) == {0, 1, 2}  # each layout occurred


def test_same_parameters_give_the_same_bytes_in_any_number_of_processes(
    release: Path, tmp_path: Path
) -> None:
    make_demo(SMALL, tmp_path, jobs=2)
    assert digests(tmp_path / "Release") == digests(release)


def test_seed_changes_every_clip() -> None:
    other = DemoParams(**{**SMALL.model_dump(), "seed": 4})
    for a, b in list(zip(plan_demo(SMALL), plan_demo(other), strict=True))[::4]:
        assert (render_video(SMALL, a).frames != render_video(other, b).frames).mean() > 0.5


def test_a_video_does_not_depend_on_how_many_there_are() -> None:
    longer = DemoParams(**{**SMALL.model_dump(), "train": 20})
    assert set(plan_demo(SMALL)) < set(plan_demo(longer))


def test_refuses_to_write_over_a_release(release: Path) -> None:
    with pytest.raises(InputError, match="remove it first"):
        make_demo(SMALL, release.parent)


def test_pairs_are_valid_balanced_and_as_rich_as_asked() -> None:
    params = DemoParams(seed=0, train=240, test=60)
    videos = plan_demo(params)
    assert set(PAIRS) <= VALID and len(PAIRS) == 12
    train = [v.spec for v in videos if v.id.startswith("train")]
    assert set(Counter(s.ids[0] for s in train).values()) == {20}
    assert set(Counter(v.spec.ids[0] for v in videos if v.usage == 1).values()) == {5}
    single = [s for s in train if len(s.ids) == 1]
    double = [s.ids for s in train if len(s.ids) == 2]
    assert all(a != b for a, b in double)
    assert sum(a // 10 != b // 10 for a, b in double) == pytest.approx(0.12 * 240, abs=2)
    assert sum(a // 10 == b // 10 for a, b in double) == pytest.approx(0.10 * 240, abs=2)
    names = {3: "ball", 4: "bird", 5: "car", 7: "dog"}  # 6 is A2D's cat
    own = [[p for p in s.props if p in {names[i // 10] for i in s.ids}] for s in train]
    assert all(props in ([], [names[s.ids[0] // 10]]) for s, props in zip(train, own, strict=True))
    assert sum(map(len, own)) == pytest.approx(120, abs=2)
    strays = [len(s.props) - len(props) for s, props in zip(train, own, strict=True)]
    assert set(strays) == {0, 1}
    assert sum(strays) == pytest.approx(0.3 * 240, abs=20)
    assert sum(s.absent is not None for s in single) == pytest.approx(0.25 * len(single), abs=8)
    assert {b - a for a, b in (s.absent for s in single if s.absent)} == {4, 5, 6, 7, 8}
    empty = [v.spec for v in videos if v.id.startswith("empty")]
    assert len(empty) == 30 and not any(s.ids or s.absent for s in empty)
    assert 3 <= sum(len(s.props) for s in empty) <= 15


def test_absences_are_as_long_as_was_asked_for() -> None:
    params = DemoParams(seed=0, train=40, absent=1.0, away=(9, 10), two_actors=0, two_actions=0)
    spans = [v.spec.absent for v in plan_demo(params) if v.spec.ids]
    assert {b - a for a, b in spans if b <= 16} == {9, 10}
    with pytest.raises(ValueError, match="away"):
        DemoParams(seed=0, away=(10, 9))
    with pytest.raises(ValueError, match="away"):
        DemoParams(seed=0, away=(4, 17))


def test_ids_of_videos_do_not_follow_the_classes() -> None:
    params = DemoParams(seed=0)
    leads = [v.spec.ids[0] for v in plan_demo(params) if v.id.startswith("train")]
    blocks = {tuple(leads[i : i + 12]) for i in range(0, 204, 12)}
    assert len(blocks) == 17


def test_absent_actor_leaves_no_trace() -> None:
    spec = ClipSpec((57,), absent=(5, 11))
    clip = render_clip(np.random.default_rng(0), (16, 48, 64), spec)
    area = (clip.labels > 0).sum((1, 2))
    assert not area[5:11].any()
    assert area[:5].all() and area[11:].all()
    # The same chance without absence: only the frames of the absence change, and only there.
    whole = render_clip(np.random.default_rng(0), (16, 48, 64), ClipSpec((57,)))
    differs = (clip.frames != whole.frames).any(-1)
    assert not differs[:5].any() and not differs[11:].any()
    assert (differs[5:11] <= _grown(whole.labels[5:11] > 0)).all()


def _grown(masks: np.ndarray) -> np.ndarray:
    """Masks and their partly covered border pixels."""
    kernel = np.ones((7, 7), np.uint8)
    return np.array([cv2.dilate(mask.astype(np.uint8), kernel) for mask in masks]) > 0


def test_later_actor_hides_the_earlier_one() -> None:
    clip = render_clip(np.random.default_rng(2), (16, 48, 64), ClipSpec((36, 35, 34)))
    assert not (clip.masks.sum(1) > 1).any()
    for i, number in enumerate((36, 35, 34)):
        np.testing.assert_array_equal(clip.labels == number, clip.masks[:, i])
    alone = render_clip(np.random.default_rng(2), (16, 48, 64), ClipSpec((36,)))
    assert clip.masks[:, 0].sum() < alone.masks[:, 0].sum()


def test_ground_truth_covers_about_an_eighth_of_the_frames() -> None:
    params = DemoParams(seed=1)
    videos = [v for v in plan_demo(params) if v.id.startswith("test")][:24]
    share = np.mean([(render_video(params, v).labels > 0).mean() for v in videos])
    assert 0.09 < share < 0.15


def test_motions_differ_in_what_defines_them() -> None:
    paths = {
        action: move(np.random.default_rng(5), action, (16, 96, 128))
        for action in ("flying", "jumping", "rolling", "running")
    }
    pace = {name: np.abs(np.diff(m.x)).max() for name, m in paths.items()}
    rise = {name: np.ptp(m.y) for name, m in paths.items()}
    assert pace["running"] > pace["rolling"] > pace["jumping"]
    assert min(rise["flying"], rise["jumping"]) > 10 > 3 > rise["running"] > rise["rolling"] == 0
    assert np.ptp(paths["rolling"].angle) > np.pi and np.ptp(paths["running"].angle) == 0
    assert np.ptp(paths["jumping"].stretch) > 0.2 and np.ptp(paths["flying"].stretch) == 0


def test_paste_blends_by_alpha_inside_the_scene_only() -> None:
    pen = Pen((200, 100, 50))
    pen.polygon([(-20, -10), (20, -10), (20, 10), (-20, 10)], (200, 100, 50))
    scene = np.full((60, 80, 3), 10, np.float32)
    shade = np.ones((CANVAS, CANVAS, 1), np.float32)
    alpha = paste(scene, pen, shade, placement(70, 30))
    assert alpha.shape == (60, 80)
    assert (alpha[22:38, 53:80] == 1).all() and not alpha[:, :48].any()
    np.testing.assert_allclose(scene[30, 60], (200, 100, 50), atol=1)
    np.testing.assert_array_equal(scene[30, 40], (10, 10, 10))
    assert not paste(scene, pen, shade, placement(500, 30)).any()


def test_ids_name_the_actors_and_actions_that_are_drawn() -> None:
    moves = {"ball": "flying jumping rolling", "bird": "flying jumping rolling"}
    moves |= {"car": "jumping rolling running", "dog": "jumping rolling running"}
    expected = [(actor, action) for actor, text in moves.items() for action in text.split()]
    assert [a2d_tag(number) for number in PAIRS] == expected
    assert set(sprites.ACTORS) == set(sprites.PROPS) == set(moves)
