from __future__ import annotations

import math
from pathlib import Path
from typing import Any, get_args

import pytest
import torch

from pipeline.artifacts.edge_segments import EdgeSegments
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params
from pipeline.training.segmenter import ObjectiveParams, TrainSegmenterParams, segmenter_loss
from pipeline.training.video_contrastive import ContrastiveBatches
from pipeline.training.video_objectives import OBJECTIVES, TrainingData
from pipeline.training.video_segmenter import SegmenterBatches
from pipeline.training.video_shots import ShotBatches
from tests.tiny import label_map, write_cues, write_frames, write_labels
from tests.training.test_shots import Constant, border, square

VALUES: dict[str, Any] = {
    "network": {"backbone": "small_resnet"},
    "augment": {"crop": [32, 40], "flip": False},
    "fit": {"epochs": 1, "steps": 1, "batch": 4, "lr": 0.1},
}
KEYS = [("a", 1), ("a", 3)]


def params(**changes: Any) -> TrainSegmenterParams:
    return parse_params(TrainSegmenterParams, {**VALUES, **changes}, "train_segmenter")


def data(folder: Path, *cues: str, version: str = "v0", moves: bool = True) -> TrainingData:
    """Frames, labels and the cues of a recipe that names these."""
    frames = write_frames(folder / "frames")
    labels = write_labels(folder / "pa", frames)
    rows = []
    if moves:
        maps = {n: square(n) for n in range(4)}, {n: border(n) for n in range(4)}
        rows = [{"video": "a", "rows": MotionSegments.write(folder / "cues/motion", "a", *maps)}]
    MotionSegments.write_index(folder / "cues/motion", rows)
    segments = {n: label_map(1, n, 32, 40) for n in (1, 3)}
    written = [
        {"video": v, "rows": EdgeSegments.write(folder / "cues/edges", v, segments)}
        for v in "abcde"
    ]
    EdgeSegments.write_index(folder / "cues/edges", written)
    return TrainingData(frames, labels, write_cues(folder / "cues", *cues), KEYS, version)


def test_the_table_holds_all_that_may_be_chosen() -> None:
    assert set(OBJECTIVES) == set(get_args(ObjectiveParams.model_fields["name"].annotation))
    assert params().objective.name == "proxy_labels"


def test_proxy_labels_need_no_cue(tmp_path: Path) -> None:
    found = OBJECTIVES["proxy_labels"](data(tmp_path), params(), 1)
    assert isinstance(found.batches, SegmenterBatches) and found.loss is segmenter_loss
    assert found.fit == params().fit and params().needed_cues() == {}


def test_later_versions_trust_the_network_more(tmp_path: Path) -> None:
    # the network knows that there is nothing: colours and its answer stand against each other
    latent = {"alpha": 0.0, "alpha_finetune": 500.0, "components": 1}
    own = params(objective={"name": "latent_labels", "latent": latent})
    model = Constant()
    with torch.no_grad():
        model.bias[0] += 4
    values = {}
    for version in ("v0", "v1", "v2"):
        found = OBJECTIVES["latent_labels"](
            data(tmp_path / version, "motion", version=version), own, 1
        )
        assert isinstance(found.batches, ShotBatches) and found.fit == own.fit
        values[version] = found.loss(model, found.batches[0]).item()
    background = -math.log(math.exp(4) / (math.exp(4) + 3 + 2))
    assert values["v1"] == values["v2"] == pytest.approx(background)  # not one pixel is a bird
    assert values["v0"] > values["v1"] + 0.1


def test_latent_labels_need_motion(tmp_path: Path) -> None:
    own = params(objective={"name": "latent_labels"})
    assert own.needed_cues() == {"motion": "the objective latent_labels"}
    with pytest.raises(InputError, match="no shot with motion segments is selected"):
        OBJECTIVES["latent_labels"](data(tmp_path / "still", "motion", moves=False), own, 1)
    with pytest.raises(InputError, match="has no cue motion; add it to the recipe's cues"):
        OBJECTIVES["latent_labels"](data(tmp_path / "none", "edges"), own, 1)


def test_relations_need_edges_unless_their_weight_is_0(tmp_path: Path) -> None:
    without = {"name": "relations", "contrastive": {"relations": {"weight": {"edge": 0}}}}
    own = params(objective={"name": "relations"})
    (who,) = own.needed_cues().values()
    assert set(own.needed_cues()) == {"edges"} and who.startswith("the edge relation")
    found = OBJECTIVES["relations"](data(tmp_path / "a", "edges"), own, 1)
    assert isinstance(found.batches, ContrastiveBatches) and found.fit == own.fit
    assert found.batches[0]["segments"].unique().tolist() == [0, 1]
    assert params(objective=without).needed_cues() == {}
    # edge segments that another recipe has left there are not looked at
    found = OBJECTIVES["relations"](data(tmp_path / "b", "motion"), params(objective=without), 1)
    assert found.batches[0]["segments"].unique().tolist() == [0]
