from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from pipeline.artifacts.cues import Cues
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.superpixels import Superpixels
from pipeline.prediction.area_anchor import BackgroundBias
from pipeline.prediction.params import PredictionParams
from pipeline.prediction.read_evidence import Evidence
from pipeline.prediction.video_predictor import Predictor
from pipeline.runtime.errors import InputError
from pipeline.training.video_integrity import (
    biases_of_states,
    calibrate,
    evaluate_integrity,
    validation_evidence,
)
from pipeline.vision.superpixel_refinement import RefineParams
from tests.tiny import TAXONOMY, TinyVideo, write_cues, write_frames, write_maps, write_superpixels
from tests.training.painted import DOG, VIDEOS, Nearest, Painted, labels_of


@pytest.fixture
def frames(tmp_path: Path) -> Frames:
    return write_frames(tmp_path / "frames", VIDEOS, count=4, keys=(1, 3), size=(8, 16))


@pytest.fixture
def cues(tmp_path: Path) -> Cues:
    return write_cues(tmp_path / "cues")


def predictor(model: Any, **own: Any) -> Predictor:
    return Predictor(model, PredictionParams.model_validate({"rule": "argmax", **own}))


def anchored(model: Any, ratio: float = 1.0, **anchor: Any) -> Predictor:
    return predictor(model, corrections=["area_anchor"], area_anchor={"ratio": ratio, **anchor})


def ric(
    own: Predictor,
    folder: Path,
    frames: Frames,
    numbers: Sequence[int] = (1, 3),
    weight: float = 0.5,
) -> dict[str, float]:
    """Of the video v, with the labels and superpixels that lie in ``folder``."""
    regions = Superpixels(folder / "superpixels")
    evidence = [Evidence(frames, "v", list(numbers), regions, Cues(folder / "cues"))]
    return evaluate_integrity(own, evidence, LabelMaps(folder / "pa"), RefineParams(), weight)


def test_ric_by_hand(tmp_path: Path, cues: Cues, frames: Frames) -> None:
    # Predicted: block (0, 1) of 4 x 4 pixels and the two left columns of block (1, 2); the second
    # is half covered and dropped by superpixels of 4 x 4 (alpha 0.5 is exclusive).
    dog = np.full((8, 16), -9.0)
    dog[0:4, 4:8] = dog[4:8, 8:10] = 9.0

    annotated = np.zeros((8, 16), np.uint8)
    annotated[0:4, 4:12] = 3  # two blocks, one of which is predicted
    annotated[7, 15] = 255
    labels_of(tmp_path / "pa", {"v": {1: annotated, 3: annotated}})
    write_superpixels(tmp_path / "superpixels", frames, side=4)
    for weight in (0.5, 2.0):
        found = ric(predictor(Painted(dog)), tmp_path, frames, weight=weight)
        # against the annotation: dog 16 / 32, background (128 - 32 - 1) / (128 - 16 - 1)
        miou_pa = 100 * (16 / 32 + 95 / 111) / 2
        # before against after refinement: dog 16 / 24, background 104 / 112
        rii = 100 * (16 / 24 + 104 / 112) / 2
        assert found == {
            "miou_pa": pytest.approx(miou_pa),
            "rii": pytest.approx(rii),
            "ric": pytest.approx(miou_pa + weight * rii),
        }


def test_all_frames_make_one_matrix(tmp_path: Path, cues: Cues, frames: Frames) -> None:
    model = Nearest([[9.0, -9, -9, -9], [-9, -9, -9, -9]])
    right, wrong = np.zeros((8, 16), np.uint8), np.zeros((8, 16), np.uint8)
    right[0:4, 0:4] = 3
    wrong[0:4, 4:16] = 3
    labels_of(tmp_path / "pa", {"v": {1: right, 3: wrong}})
    write_superpixels(tmp_path / "superpixels", frames, side=4)
    found = ric(predictor(model), tmp_path, frames)
    # dog 16 / (16 + 16 + 48), background (112 + 64) / (112 + 64 + 16 + 48)
    assert found["miou_pa"] == pytest.approx(100 * (16 / 80 + 176 / 240) / 2)
    assert found["rii"] == 100
    assert ric(predictor(model), tmp_path, frames, [1])["miou_pa"] == 100


def test_ric_is_of_predictions_with_the_anchored_area(
    tmp_path: Path, cues: Cues, frames: Frames
) -> None:
    # Blocks of 4 x 4 pixels; without the anchor five of eight are foreground, with it two.
    model = Nearest([[1.0, 4, 3, -9], [-9, 2, 5, -9]])
    annotated = np.zeros((8, 16), np.uint8)
    annotated[0:4, 4:12] = 3  # the blocks of 4 and 3
    labels_of(tmp_path / "pa", {"v": {1: annotated, 3: annotated}})
    write_superpixels(tmp_path / "superpixels", frames, side=4)
    free = ric(predictor(model), tmp_path, frames)
    # dog 32 / 80, background 48 / 96
    assert free["miou_pa"] == pytest.approx(100 * (32 / 80 + 48 / 96) / 2)
    held = ric(anchored(model), tmp_path, frames)  # a quarter: the blocks of 5 and 4
    # dog 16 / 48, background 80 / 112
    assert held["miou_pa"] == pytest.approx(100 * (16 / 48 + 80 / 112) / 2)
    assert held["ric"] == pytest.approx(held["miou_pa"] + 0.5 * 100)


def test_the_bias_reaches_the_share(tmp_path: Path, cues: Cues, frames: Frames) -> None:
    rng = np.random.default_rng(0)
    model = Painted(rng.normal(-3, 4, (8, 16)))
    zeros = np.zeros((8, 16), np.uint8)
    labels = labels_of(tmp_path / "pa", {v: {1: zeros, 3: zeros} for v in "tv"})
    regions = write_superpixels(tmp_path / "superpixels", frames, side=4)
    for ratio, share in ((0.5, 0.125), (0.8, 0.2), (2.0, 0.5), (9.0, 1.0)):
        own = anchored(model, ratio)
        bias = calibrate(own, frames, labels, regions, cues, seed=0)
        assert bias.with_tags == bias.without_tags
        found = own.with_bias(bias).predict(Evidence(frames, "t", [1, 3], regions, cues)).labels
        assert (found > 0).mean() == pytest.approx(share, abs=1.01 / 128)
    assert calibrate(predictor(model), frames, labels, regions, cues, 0) == BackgroundBias(0, 0)


def test_one_bias_for_each_of_the_kept_epochs(tmp_path: Path, cues: Cues, frames: Frames) -> None:
    zeros = np.zeros((8, 16), np.uint8)
    labels = labels_of(tmp_path / "pa", {"t": {1: zeros}})
    regions = write_superpixels(tmp_path / "superpixels", frames, side=4)
    own = anchored(Nearest([[0.0, 0, 0, 0], [0, 0, 0, 0]]))
    low, high = (torch.tensor([[-2.0, 1, 1, 1], [1, 1, 1, 9]]) + c for c in (0, 3))
    states = {"ric": {"dog": low}, "miou_pa": {"dog": high}}
    biases = biases_of_states(own, states, frames, labels, regions, cues, 0)
    moved = biases["ric"].without_tags + 3
    assert biases["miou_pa"].without_tags == pytest.approx(moved, abs=0.02)
    same = {"ric": states["ric"], "miou_pa": states["ric"]}
    both = biases_of_states(own, same, frames, labels, regions, cues, 0)
    assert both == {"ric": biases["ric"], "miou_pa": biases["ric"]}


def test_the_share_is_measured_on_some_training_frames(
    tmp_path: Path, cues: Cues, monkeypatch: pytest.MonkeyPatch
) -> None:
    videos = {f"t{i}": VIDEOS["t"] for i in range(4)} | {"v": VIDEOS["v"]}
    frames = write_frames(tmp_path / "frames", videos, keys=(1, 3), size=(8, 16))
    regions = write_superpixels(tmp_path / "superpixels", frames, side=4)
    zeros = np.zeros((8, 16), np.uint8)
    labels = labels_of(tmp_path / "pa", {v: {1: zeros, 3: zeros} for v in videos})
    seen: list[tuple[str, int]] = []
    images = Frames.images

    def noted(self: Frames, video: str, numbers: list[int]) -> npt.NDArray[np.uint8]:
        seen.extend((video, n) for n in numbers)
        return images(self, video, numbers)

    monkeypatch.setattr(Frames, "images", noted)
    own = anchored(Nearest([[1.0, -2, 3, -4], [5, -6, 7, -8]]), frames=5)
    sets = []
    for seed in (0, 0, 1):
        seen.clear()
        calibrate(own, frames, labels, regions, cues, seed)
        assert len(seen) == len(set(seen)) == 5 and not any(v == "v" for v, _ in seen)
        sets.append(set(seen))
    assert sets[0] == sets[1] != sets[2]


def test_the_prior_moves_what_ric_and_the_bias_look_at(tmp_path: Path, frames: Frames) -> None:
    # The network sees two blocks, to which a quarter of the frame is held; the action is in
    # another, and with a weight of 8 it is ahead of the second one.
    model = Nearest([[3.0, -2, -9, -9], [-9, -9, -9, 1]])
    annotated = np.zeros((8, 16), np.uint8)
    annotated[0:4, 0:8] = 3
    labels = labels_of(tmp_path / "pa", {v: {1: annotated, 3: annotated} for v in "tv"})
    there = np.kron([[0.0, 1, 0, 0], [0, 0, 0, 0]], np.ones((4, 4)))
    write_maps(tmp_path / "cues/action", {v: {DOG[1]: {1: there, 3: there}} for v in "tv"})
    cues = write_cues(tmp_path / "cues", "action")
    regions = write_superpixels(tmp_path / "superpixels", frames, side=4)
    prior = predictor(
        model,
        corrections=["action_prior", "area_anchor"],
        action_prior={"weight": 8.0},
        area_anchor={"ratio": 1.0},
    )
    for own, miou_pa in ((prior, 100), (anchored(model), 100 * (16 / 48 + 80 / 112) / 2)):
        assert ric(own, tmp_path, frames)["miou_pa"] == pytest.approx(miou_pa)
    bias = calibrate(prior, frames, labels, regions, cues, seed=0)
    # the two blocks above are foreground: of 3 and 1; of -2 + 8 and 3
    assert (bias.without_tags, bias.with_tags) == (-2, 1)


def test_a_correction_behind_the_anchor_sees_the_logits_of_several_tags(tmp_path: Path) -> None:
    tags = frozenset([TAXONOMY.pairs[0], DOG])
    frames = write_frames(
        *(tmp_path / "frames", {**VIDEOS, "v": TinyVideo("val", tags)}),
        **{"count": 4, "keys": (1, 3), "size": (8, 16)},
    )
    annotated = np.zeros((8, 16), np.uint8)
    annotated[0:4, 0:8] = 3
    labels_of(tmp_path / "pa", {"v": {1: annotated, 3: annotated}})
    write_superpixels(tmp_path / "superpixels", frames, side=4)
    model = Nearest([[60.0, 52, 9, 9], [9, 9, 9, 9]])  # of the other tag 50 everywhere
    found = {}
    for share in (0.0, 1.0):
        of_action = {DOG[1]: {n: np.full((8, 16), share) for n in (1, 3)}}
        write_maps(tmp_path / "cues/action", {"v": of_action})
        write_cues(tmp_path / "cues", "action")
        for corrections in (["area_anchor"], ["area_anchor", "action_prior"]):
            own = {"corrections": corrections, "action_prior": {"weight": 45.0}}
            with_prior = len(corrections) == 2
            found[share, with_prior] = ric(predictor(model, **own), tmp_path, frames)["miou_pa"]
    # where its action is seen the dog is ahead of the other tag, which has all but two blocks
    assert found[0.0, True] == found[0.0, False] == found[1.0, False] != found[1.0, True]


def test_ric_looks_at_some_frames_of_each_validation_video(
    tmp_path: Path, cues: Cues, frames: Frames
) -> None:
    zeros = np.zeros((8, 16), np.uint8)
    labels = labels_of(tmp_path / "pa", {v: {1: zeros, 3: zeros} for v in "tv"})
    regions = write_superpixels(tmp_path / "superpixels", frames, side=4)
    (found,) = validation_evidence(frames, labels, regions, cues, None)
    assert (found.video, list(found.numbers)) == ("v", [1, 3])
    (one,) = validation_evidence(frames, labels, regions, cues, 1)
    assert len(one.numbers) == 1
    alone = labels_of(tmp_path / "pa", {"t": {1: zeros}})
    with pytest.raises(InputError, match="no validation video has a tag"):
        validation_evidence(frames, alone, regions, cues, None)
