from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pipeline.artifacts.cues import Cues
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.models import Model, write_model
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.artifacts.superpixels import Superpixels
from pipeline.networks.segmenters import build_segmenter
from pipeline.prediction.area_anchor import BackgroundBias
from pipeline.prediction.params import PredictionParams, PredictPaParams
from pipeline.prediction.read_evidence import Evidence
from pipeline.prediction.video_predictor import Predictor, read_predictor, read_predictor_alone
from pipeline.runtime.machine import MachineParams
from tests.tiny import (
    TAXONOMY,
    VIDEOS,
    TinyVideo,
    label_map,
    write_cues,
    write_frames,
    write_maps,
    write_superpixels,
)
from tests.tiny_versions import NETWORK

NUMBERS = [0, 1, 2, 3]
ENERGY = {"components": 1, "samples": 100, "smoothness": 2.0}
SQUARES = np.stack([label_map(1, t, 32, 40) for t in NUMBERS])


class Bright(nn.Module):
    """Class 3 where it is bright, but for the upper rows, and a little of class 1 everywhere."""

    num_classes = 4
    clip_input = None

    def __init__(self, blind: int = 0) -> None:
        super().__init__()
        self.device = nn.Parameter(torch.zeros(1))
        self.blind = blind
        self.seen = 0

    def normalise(self, x: Tensor) -> Tensor:
        return x

    def coarse_logits(self, x: Tensor, vectors: Tensor | None = None) -> Tensor:
        self.seen += len(x)
        logits = torch.zeros(len(x), 4, *x.shape[2:])
        logits[:, 3] = (x[:, 0] - 130) / 20
        logits[:, 1] = -1.0
        logits[:, 3, : self.blind] = -3.5
        return logits


class Leaning(Bright):
    """It takes the square for label 1 everywhere, on its left half more than on its right."""

    def coarse_logits(self, x: Tensor, vectors: Tensor | None = None) -> Tensor:
        logits = super().coarse_logits(x, vectors)
        inside = logits[:, 3] > logits[:, 0]
        middle = inside.any(1).float().argmax(1)[:, None, None] + 6  # the square is 12 wide
        left = torch.arange(x.shape[3])[None, None, :] < middle
        logits[:, 1] = torch.where(inside, 20 + torch.where(left, 2.0, 1.0), -20.0)
        logits[:, 2] = torch.where(inside, 20.0, -20.0)
        return logits


@pytest.fixture
def frames(tmp_path: Path) -> Frames:
    return write_frames(tmp_path / "frames")


@pytest.fixture
def regions(tmp_path: Path, frames: Frames) -> Superpixels:
    return write_superpixels(tmp_path / "superpixels", frames)


def predictor(model: nn.Module, last: dict[str, Any] | None = None, **own: Any) -> Predictor:
    """With the corrections of both sections."""
    network: Any = model
    after = PredictPaParams.model_validate(last or {})
    return Predictor(network, PredictionParams.model_validate(own), after)


def motion(folder: Path, video: str, segments: np.ndarray) -> Cues:
    maps = dict(enumerate(segments.astype(bool)))
    empty = {n: np.zeros_like(m) for n, m in maps.items()}
    rows = [{"video": video, "rows": MotionSegments.write(folder / "motion", video, maps, empty)}]
    MotionSegments.write_index(folder / "motion", rows)
    return write_cues(folder, "motion")


def test_the_network_s_answer_is_kept_beside_what_is_made_of_it(
    frames: Frames, regions: Superpixels
) -> None:
    keys = frames.key_frames("b")
    refine = {"corrections": ["superpixel_refinement"]}
    found = predictor(Bright(), refine).predict(Evidence(frames, "b", keys, regions))
    assert np.array_equal(found.initial, 3 * SQUARES[keys])
    # rows 8 to 19 are whole superpixels of 4 x 4; columns 6 to 17 and 10 to 21 halve some, which
    # more than half would keep
    columns = [np.flatnonzero(m.any(axis=0)).tolist() for m in found.labels]
    assert columns == [list(range(8, 16)), list(range(12, 20))]


def test_only_what_the_tags_allow_and_all_labels_without_them(
    frames: Frames, regions: Superpixels
) -> None:
    both = predictor(Bright())
    tagged = both.predict(Evidence(frames, "a", [1], regions)).labels
    free = both.predict(Evidence(frames, "a", [1], regions, tags_known=False)).labels
    assert not tagged.any()  # tagged with label 1, which the background beats
    assert np.array_equal(free, 3 * SQUARES[[1]])


def test_motion_and_colours_mend_what_the_network_does_not_see(
    frames: Frames, regions: Superpixels, tmp_path: Path
) -> None:
    model = Bright(blind=12)  # a third of the square
    cues = motion(tmp_path / "cues", "b", SQUARES)

    def infer(alpha: float) -> tuple[np.ndarray, np.ndarray]:
        latent = {"corrections": ["latent_labels"], "latent_labels": {**ENERGY, "alpha": alpha}}
        return predictor(model, latent).predict(
            Evidence(frames, "b", NUMBERS, regions, cues, version="v0")
        )

    initial, found = infer(1.0)
    assert (found != 3 * SQUARES).mean() < 0.01
    assert not initial[:, :10].any() and np.array_equal(initial[:, 14:], 3 * SQUARES[:, 14:])
    assert model.seen == len(NUMBERS)  # the network answers once
    _, trusting = infer(50.0)
    assert not trusting[:, :10].any() and (trusting[:, 14:18] == 3 * SQUARES[:, 14:18]).all()


def test_latent_labels_are_among_the_tags_and_of_the_version(
    frames: Frames, regions: Superpixels, tmp_path: Path
) -> None:
    cues = motion(tmp_path / "cues", "c", SQUARES)
    latent = {"corrections": ["latent_labels"]}
    latent |= {"latent_labels": {**ENERGY, "alpha": 1.0, "alpha_finetune": 1e6}}
    own = predictor(Bright(blind=12), latent)
    v0, v1 = (
        own.predict(Evidence(frames, "c", NUMBERS, regions, cues, version=v)) for v in ("v0", "v1")
    )
    assert set(np.unique(v0.labels)) <= {0, 2, 3} and v0.labels.any()
    assert (v0.labels != v1.labels).any()  # the network, which errs, outvotes all else
    assert np.array_equal(v1.labels, v1.initial)


def test_where_nothing_moves_the_network_s_answer_is_kept(
    frames: Frames, regions: Superpixels, tmp_path: Path
) -> None:
    cues = motion(tmp_path / "cues", "b", np.zeros_like(SQUARES))
    own = predictor(Bright(), {"corrections": ["latent_labels"], "latent_labels": ENERGY})
    for video in ("b", "e"):  # e has no motion segments at all
        found = own.predict(Evidence(frames, video, NUMBERS, regions, cues, version="v0"))
        assert np.array_equal(found.labels, 3 * SQUARES)
        assert np.array_equal(found.initial, found.labels)


def test_the_action_maps_move_foreground_and_divide_it(tmp_path: Path) -> None:
    model = Leaning()
    two_actions = TinyVideo("train", frozenset(TAXONOMY.pairs[:2]))
    frames = write_frames(tmp_path / "frames", {"c": two_actions})
    regions = write_superpixels(tmp_path / "superpixels", frames)
    keys = frames.key_frames("c")
    first, second = np.zeros((32, 40)), np.zeros((32, 40))
    first[:4], second[4:] = 1, 1  # the square begins below row 4
    names = [TAXONOMY.pairs[label - 1][1] for label in (1, 2)]
    of_class = dict(zip(names, (dict.fromkeys(keys, m) for m in (first, second)), strict=True))
    write_maps(tmp_path / "cues/action", {"c": of_class})
    cues = write_cues(tmp_path / "cues", "action")
    for weight, inside, above in ((0.0, {1}, 0), (1.5, {1, 2}, 0), (3.0, {2}, 0), (30.0, {2}, 1)):
        own = predictor(model, corrections=["action_prior"], action_prior={"weight": weight})
        found = own.predict(Evidence(frames, "c", keys, regions, cues)).initial
        # in the square label 1 is ahead of label 2 by 2 and 1, and outside both are 20 behind
        assert (found[:, :4] == above).all()
        assert set(np.unique(found[SQUARES[keys] > 0])) == inside
        blind = Evidence(frames, "c", keys, regions, cues, tags_known=False)
        alone = predictor(model).predict(blind).initial
        assert np.array_equal(own.predict(blind).initial, alone)


def test_the_bias_is_the_one_of_what_is_known(frames: Frames, regions: Superpixels) -> None:
    own = predictor(Bright(), corrections=["area_anchor"])
    biased = own.with_bias(BackgroundBias(with_tags=9.0, without_tags=-9.0))
    tagged = biased.predict(Evidence(frames, "b", [1], regions)).labels
    free = biased.predict(Evidence(frames, "b", [1], regions, tags_known=False)).labels
    assert not tagged.any() and (free > 0).all()
    # a recipe without the anchor has no bias, and the predictor before is as it was
    assert own.bias == BackgroundBias(0.0, 0.0)
    plain = predictor(Bright()).with_bias(BackgroundBias(9.0, 9.0))
    assert np.array_equal(
        plain.predict(Evidence(frames, "b", [1], regions)).labels, 3 * SQUARES[[1]]
    )


def test_calibration_sees_what_comes_before_the_bias(tmp_path: Path) -> None:
    two_actions = TinyVideo("train", frozenset(TAXONOMY.pairs[:2]))
    frames = write_frames(tmp_path / "frames", {"c": two_actions})
    regions = write_superpixels(tmp_path / "superpixels", frames)
    name = TAXONOMY.pairs[0][1]
    write_maps(tmp_path / "cues/action", {"c": {name: {1: np.ones((2, 2))}}})
    cues = write_cues(tmp_path / "cues", "action")
    evidence = Evidence(frames, "c", [1], regions, cues)
    own = predictor(Leaning(), corrections=["action_prior", "area_anchor"])
    ((_, seen, blind),) = own.uncalibrated([evidence])
    outside = SQUARES[1] == 0
    # both labels 20 behind the background; the better one of equals gains 3 of its logit
    assert blind.margin[0][outside] == pytest.approx(-20.0)
    share = np.log((np.exp(3) + 1) / 2)
    assert seen.margin[0][outside] == pytest.approx(-20.0 + share, abs=1e-5)
    biased = own.with_bias(BackgroundBias(with_tags=1.0))
    after = biased.continue_with(seen, evidence)
    assert after.margin == pytest.approx(seen.margin - 1.0)
    assert np.array_equal(biased.answer(evidence).margin, after.margin)


def test_corrections_apply_in_the_order_of_the_list(tmp_path: Path) -> None:
    """Behind the bias, the prior has no part in its calibration."""
    frames = write_frames(tmp_path / "frames", {"b": VIDEOS["b"]})
    regions = write_superpixels(tmp_path / "superpixels", frames)
    name = TAXONOMY.pairs[2][1]
    write_maps(tmp_path / "cues/action", {"b": {name: {1: np.ones((2, 2))}}})
    cues = write_cues(tmp_path / "cues", "action")
    evidence = Evidence(frames, "b", [1], regions, cues)
    own = predictor(Bright(), corrections=["area_anchor", "action_prior"])
    ((_, seen, blind),) = own.uncalibrated([evidence])
    assert np.array_equal(seen.margin, blind.margin)
    after = own.with_bias(BackgroundBias(with_tags=1.0)).continue_with(seen, evidence)
    assert after.margin == pytest.approx(seen.margin - 1 + 3, abs=1e-5)


def test_a_stored_model_answers_with_its_epoch_and_bias(
    frames: Frames, regions: Superpixels, tmp_path: Path
) -> None:
    torch.manual_seed(1)
    states = {c: build_segmenter(NETWORK, 4).state_dict() for c in ("ric", "last")}
    biases = {c: {"with_tags": b, "without_tags": -b} for c, b in (("ric", 0.5), ("last", 1.5))}
    description = {"network": NETWORK.model_dump(), "num_labels": 4, "background_bias": biases}
    write_model(tmp_path / "model", description, {}, states)
    prediction = PredictionParams(rule="foreground", corrections=("area_anchor",))
    evidence = Evidence(frames, "b", [1, 3], regions)
    found = {}
    for criterion in ("ric", "last"):
        last, stored = PredictPaParams(criterion=criterion), Model(tmp_path / "model")  # type: ignore[arg-type]
        own = read_predictor(stored, prediction, last, MachineParams())
        assert own is not None
        assert own.bias == BackgroundBias(**biases[criterion])
        found[criterion] = own.answer(evidence).margin
        again = read_predictor_alone(stored, prediction, last, MachineParams())
        assert np.array_equal(again.answer(evidence).margin, found[criterion])
    assert not np.array_equal(found["ric"], found["last"])


def test_a_process_of_its_own_reads_a_predictor_once(tmp_path: Path) -> None:
    description = {
        "network": NETWORK.model_dump(),
        "num_labels": 4,
        "background_bias": {"ric": {"with_tags": 0.5, "without_tags": 0.25}},
    }

    def write(seed: int) -> dict[str, Tensor]:
        torch.manual_seed(seed)
        state = build_segmenter(NETWORK, 4).state_dict()
        write_model(tmp_path, description, {}, {"ric": state})
        return state

    def read() -> Predictor:
        prediction, last = PredictionParams(), PredictPaParams(criterion="ric")
        return read_predictor_alone(Model(tmp_path), prediction, last, MachineParams())

    threads = torch.get_num_threads()
    try:
        write(1)
        first = read()
        assert torch.get_num_threads() == 1  # processes share the cores
        assert first is read() and first.bias == BackgroundBias(0.5, 0.25)
        # a training that ran again in the same folder is another model
        state = write(2)
        again = read().model.state_dict()
        assert all(torch.equal(again[key], state[key]) for key in state)
    finally:
        torch.set_num_threads(threads)


def test_evidence_goes_to_worker_processes(frames: Frames, regions: Superpixels) -> None:
    evidence = pickle.loads(pickle.dumps(Evidence(frames, "b", [1], regions, version="v1")))
    assert np.array_equal(evidence.images, frames.images("b", [1])) and evidence.version == "v1"
