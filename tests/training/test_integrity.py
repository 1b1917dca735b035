from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.maps import Maps
from pipeline.networks.inference import Reading, segment_frames
from pipeline.prediction.area_anchor import AnchorParams
from pipeline.prediction.params import PredictionParams
from pipeline.training.integrity import (
    evaluate_integrity,
    foreground_shifts,
    shifts_of_states,
)
from tests.tiny import TAXONOMY, TinyVideo, write_frames, write_maps, write_superpixels
from tests.training.painted import (
    ARGMAX,
    DOG,
    VIDEOS,
    Halves,
    Leaning,
    Nearest,
    Painted,
    labels_of,
    two_tags,
)


@pytest.fixture
def frames(tmp_path: Path) -> Frames:
    return write_frames(tmp_path / "frames", VIDEOS, count=4, keys=(1, 3), size=(8, 16))


@pytest.fixture
def actions(tmp_path: Path) -> Maps:
    return write_maps(tmp_path / "actions", {})


def test_ric_by_hand(tmp_path: Path, actions: Maps, frames: Frames) -> None:
    # Predicted: block (0, 1) of 4 x 4 pixels and the two left columns of block (1, 2); the second
    # is half covered and dropped by superpixels of 4 x 4 (alpha 0.5 is exclusive).
    dog = np.full((8, 16), -9.0)
    dog[0:4, 4:8] = dog[4:8, 8:10] = 9.0

    annotated = np.zeros((8, 16), np.uint8)
    annotated[0:4, 4:12] = 3  # two blocks, one of which is predicted
    annotated[7, 15] = 255
    labels = labels_of(tmp_path / "pa", {"v": {1: annotated, 3: annotated}})
    superpixels = write_superpixels(tmp_path / "superpixels", frames, side=4)
    model: Any = Painted(dog)
    for weight in (0.5, 2.0):
        found = evaluate_integrity(
            model, frames, labels, actions, superpixels, {"v": [1, 3]}, ARGMAX, weight, None
        )
        # against the annotation: dog 16 / 32, background (128 - 32 - 1) / (128 - 16 - 1)
        miou_pa = 100 * (16 / 32 + 95 / 111) / 2
        # before against after refinement: dog 16 / 24, background 104 / 112
        rii = 100 * (16 / 24 + 104 / 112) / 2
        assert found == {
            "miou_pa": pytest.approx(miou_pa),
            "rii": pytest.approx(rii),
            "ric": pytest.approx(miou_pa + weight * rii),
        }


def test_all_frames_make_one_matrix(tmp_path: Path, actions: Maps, frames: Frames) -> None:
    model: Any = Nearest([[9.0, -9, -9, -9], [-9, -9, -9, -9]])
    right, wrong = np.zeros((8, 16), np.uint8), np.zeros((8, 16), np.uint8)
    right[0:4, 0:4] = 3
    wrong[0:4, 4:16] = 3
    labels = labels_of(tmp_path / "pa", {"v": {1: right, 3: wrong}})
    superpixels = write_superpixels(tmp_path / "superpixels", frames, side=4)
    found = evaluate_integrity(
        model, frames, labels, actions, superpixels, {"v": [1, 3]}, ARGMAX, 0.5, None
    )
    # dog 16 / (16 + 16 + 48), background (112 + 64) / (112 + 64 + 16 + 48)
    assert found["miou_pa"] == pytest.approx(100 * (16 / 80 + 176 / 240) / 2)
    assert found["rii"] == 100
    one = evaluate_integrity(
        model, frames, labels, actions, superpixels, {"v": [1]}, ARGMAX, 0.5, None
    )
    assert one["miou_pa"] == 100


def test_ric_is_of_predictions_with_the_anchored_area(
    tmp_path: Path, actions: Maps, frames: Frames
) -> None:
    # Blocks of 4 x 4 pixels; without the anchor five of eight are foreground, with it two.
    model: Any = Nearest([[1.0, 4, 3, -9], [-9, 2, 5, -9]])
    annotated = np.zeros((8, 16), np.uint8)
    annotated[0:4, 4:12] = 3  # the blocks of 4 and 3
    labels = labels_of(tmp_path / "pa", {"v": {1: annotated, 3: annotated}})
    superpixels = write_superpixels(tmp_path / "superpixels", frames, side=4)
    given = (model, frames, labels, actions, superpixels, {"v": [1, 3]}, ARGMAX, 0.5)
    free = evaluate_integrity(*given, None)
    # dog 32 / 80, background 48 / 96
    assert free["miou_pa"] == pytest.approx(100 * (32 / 80 + 48 / 96) / 2)
    held = evaluate_integrity(*given, AnchorParams(ratio=1))  # a quarter: the blocks of 5 and 4
    # dog 16 / 48, background 80 / 112
    assert held["miou_pa"] == pytest.approx(100 * (16 / 48 + 80 / 112) / 2)
    assert held["ric"] == pytest.approx(held["miou_pa"] + 0.5 * 100)


def test_foreground_shift_reaches_the_share(tmp_path: Path, actions: Maps, frames: Frames) -> None:
    rng = np.random.default_rng(0)
    model: Any = Painted(rng.normal(-3, 4, (8, 16)))
    zeros = np.zeros((8, 16), np.uint8)
    labels = labels_of(tmp_path / "pa", {v: {1: zeros, 3: zeros} for v in "tv"})
    for ratio in (0.5, 0.8, 2.0):
        anchor = AnchorParams(ratio=ratio)
        shifts = foreground_shifts(model, frames, labels, actions, anchor, ARGMAX, seed=0)
        answer = segment_frames(model, frames.images("t", [1, 3]), Reading("argmax", (3,)))
        assert shifts.with_prior == shifts.alone
        share = (answer.label_map(np.array(shifts.alone)) > 0).mean()
        assert share == pytest.approx(ratio * 0.25, abs=1.01 / 128)
    assert foreground_shifts(model, frames, labels, actions, None, ARGMAX, 0) == ([0] * 4, [0] * 4)


def test_one_shift_for_each_of_the_kept_epochs(
    tmp_path: Path, actions: Maps, frames: Frames
) -> None:
    zeros = np.zeros((8, 16), np.uint8)
    labels = labels_of(tmp_path / "pa", {"t": {1: zeros}})
    model: Any = Nearest([[0.0, 0, 0, 0], [0, 0, 0, 0]])
    low, high = (torch.tensor([[-2.0, 1, 1, 1], [1, 1, 1, 9]]) + c for c in (0, 3))
    states = {"ric": {"dog": low}, "miou_pa": {"dog": high}}
    anchor = AnchorParams(ratio=1)
    shifts = shifts_of_states(model, states, frames, labels, actions, anchor, ARGMAX, 0)
    assert len(shifts["ric"].alone) == 4
    moved = [s + 3 for s in shifts["ric"].alone]
    assert shifts["miou_pa"].alone == pytest.approx(moved, abs=0.02)
    same = {"ric": states["ric"], "miou_pa": states["ric"]}
    both = shifts_of_states(model, same, frames, labels, actions, anchor, ARGMAX, 0)
    assert both == {"ric": shifts["ric"], "miou_pa": shifts["ric"]}


def test_more_than_everything_is_everything(tmp_path: Path, actions: Maps, frames: Frames) -> None:
    model: Any = Nearest([[1.0, -2, 3, -4], [5, -6, 7, -8]])
    zeros = np.zeros((8, 16), np.uint8)
    labels = labels_of(tmp_path / "pa", {"t": {1: zeros}})
    shifts = foreground_shifts(
        model, frames, labels, actions, AnchorParams(ratio=9), ARGMAX, seed=0
    )
    answer = segment_frames(model, frames.images("t", [1]), Reading("argmax", (3,)))
    assert (answer.label_map(np.array(shifts.alone)) == 3).all()


def test_the_share_is_measured_on_some_training_frames(
    tmp_path: Path, actions: Maps, monkeypatch: pytest.MonkeyPatch
) -> None:
    videos = {f"t{i}": VIDEOS["t"] for i in range(4)} | {"v": VIDEOS["v"]}
    frames = write_frames(tmp_path / "frames", videos, keys=(1, 3), size=(8, 16))
    zeros = np.zeros((8, 16), np.uint8)
    labels = labels_of(tmp_path / "pa", {v: {1: zeros, 3: zeros} for v in videos})
    seen: list[tuple[str, int]] = []
    images = Frames.images

    def noted(self: Frames, video: str, numbers: list[int]) -> npt.NDArray[np.uint8]:
        seen.extend((video, n) for n in numbers)
        return images(self, video, numbers)

    monkeypatch.setattr(Frames, "images", noted)
    model: Any = Nearest([[1.0, -2, 3, -4], [5, -6, 7, -8]])
    sets = []
    for seed in (0, 0, 1):
        seen.clear()
        foreground_shifts(model, frames, labels, actions, AnchorParams(frames=5), ARGMAX, seed)
        assert len(seen) == len(set(seen)) == 5 and not any(v == "v" for v, _ in seen)
        sets.append(set(seen))
    assert sets[0] == sets[1] != sets[2]


def test_ric_is_of_predictions_with_the_anchored_tags(tmp_path: Path, actions: Maps) -> None:
    frames, labels = two_tags(tmp_path, "val")
    superpixels = write_superpixels(tmp_path / "superpixels", frames, side=4)
    model: Any = Leaning(0.0)
    found = {
        anchored: evaluate_integrity(
            *(model, frames, labels, actions, superpixels, {"v": [1, 3]}),
            PredictionParams(rule="argmax", tag_anchor=anchored),
            *(0.5, None),
        )["miou_pa"]
        for anchored in (True, False)
    }
    assert found[True] == 100
    # background 96 / 96, label 1 16 / 32, label 2 0 / 16
    assert found[False] == pytest.approx(100 * (1 + 0.5 + 0) / 3)


def test_classes_keep_their_shares_of_the_foreground(tmp_path: Path, actions: Maps) -> None:
    # The network sees two columns of label 1 and six of label 2. Before, label 1 had three times
    # as many pixels as label 2: of the eight columns it gets six, label 2 two.
    pairs = TAXONOMY.pairs
    videos = {
        "s": TinyVideo("train", frozenset([pairs[0]])),
        "t": TinyVideo("train", frozenset([pairs[1]])),
        "v": TinyVideo("val", frozenset(pairs[:2])),
    }
    frames = write_frames(tmp_path / "frames", videos, count=4, keys=(1, 3), size=(8, 16))
    one, two = np.zeros((8, 16), np.uint8), np.zeros((8, 16), np.uint8)
    one[:6, :8], two[:2, 8:] = 1, 2
    both = one + two
    both[7, 0] = 255
    maps = {"s": {1: one, 3: one}, "t": {1: two, 3: two}, "v": {1: both, 3: both}}
    labels = labels_of(tmp_path / "pa", maps)
    model: Any = Halves([-7, -6, -5, -4, -3, -2, 1, 2, -2, -1, 1, 2, 3, 4, 5, 6])
    anchor = AnchorParams(ratio=None, by_class=True)
    shifts = foreground_shifts(model, frames, labels, actions, anchor, ARGMAX, seed=0)
    # of the six columns above -6, of the two above 4; labels that no pixel has are not shifted
    assert shifts.alone == [0, -6, 4, 0]

    superpixels = write_superpixels(tmp_path / "superpixels", frames, side=1)
    parts = (model, frames, labels, actions, superpixels, {"v": [1, 3]}, ARGMAX, 0.5)
    held = evaluate_integrity(*parts, anchor)
    # label 1: rows 0-5 against columns 2-7; label 2: rows 0-1 against columns 14-15
    expected = 36 / (48 + 48 - 36), 4 / (16 + 16 - 4), 39 / (63 + 63 - 39)
    assert held["miou_pa"] == pytest.approx(100 * sum(expected) / 3)
    # label 1: columns 6-7; label 2: columns 10-15
    free = 12 / (48 + 16 - 12), 12 / (16 + 48 - 12), 23 / (63 + 63 - 23)
    assert evaluate_integrity(*parts, None)["miou_pa"] == pytest.approx(100 * sum(free) / 3)


def test_shares_of_classes_are_measured_with_the_tags_anchored(
    tmp_path: Path, actions: Maps
) -> None:
    frames, labels = two_tags(tmp_path, "train")
    model: Any = Leaning(0.0)
    anchor = AnchorParams(ratio=None, by_class=True)
    first = {
        anchored: foreground_shifts(
            *(model, frames, labels, actions, anchor),
            PredictionParams(rule="argmax", tag_anchor=anchored),
            seed=0,
        ).alone[1]
        for anchored in (True, False)
    }
    assert first[False] == 21  # label 1 has both blocks and gives one away
    assert first[True] < 0  # it has the one that it keeps


def test_the_prior_moves_what_ric_and_the_shift_look_at(tmp_path: Path, frames: Frames) -> None:
    # The network sees two blocks, to which a quarter of the frame is held; the action is in
    # another, and with a weight of 8 it is ahead of the second one.
    model: Any = Nearest([[3.0, -2, -9, -9], [-9, -9, -9, 1]])
    annotated = np.zeros((8, 16), np.uint8)
    annotated[0:4, 0:8] = 3
    labels = labels_of(tmp_path / "pa", {v: {1: annotated, 3: annotated} for v in "tv"})
    there = np.kron([[0.0, 1, 0, 0], [0, 0, 0, 0]], np.ones((4, 4)))
    maps = {v: {DOG[1]: {1: there, 3: there}} for v in "tv"}
    actions = write_maps(tmp_path / "own", maps)
    superpixels = write_superpixels(tmp_path / "superpixels", frames, side=4)
    anchor, prior = AnchorParams(ratio=1), PredictionParams(rule="argmax", action_prior=8.0)
    keys = {"v": [1, 3]}
    for params, miou_pa in ((prior, 100), (ARGMAX, 100 * (16 / 48 + 80 / 112) / 2)):
        found = evaluate_integrity(
            model, frames, labels, actions, superpixels, keys, params, 0.5, anchor
        )
        assert found["miou_pa"] == pytest.approx(miou_pa)
    shifts = foreground_shifts(model, frames, labels, actions, anchor, prior, seed=0)
    # the two blocks above are foreground: of 3 and 1; of -2 + 8 and 3
    assert (shifts.alone[3], shifts.with_prior[3]) == (-2, 1)
