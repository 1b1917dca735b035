from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pipeline.artifacts.edge_segments import EdgeSegments
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.networks.base import SegmenterOutput
from pipeline.networks.segmenters import SegmenterParams
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params
from pipeline.training.augment import AugmentParams
from pipeline.training.contrastive import ContrastiveParams, at_positions, contrastive_loss
from pipeline.training.video_contrastive import ContrastiveBatches, labelled_frames
from tests.tiny import DOG, FLYING, WALKING, TinyVideo, write_frames

# as in the class: "c" has two tags, "d" none, "e" is of another split
VIDEOS = {
    "a": TinyVideo("train", frozenset([FLYING])),
    "b": TinyVideo("train", frozenset([DOG])),
    "c": TinyVideo("train", frozenset([WALKING, DOG])),
    "d": TinyVideo("train", frozenset()),
    "e": TinyVideo("val", frozenset([DOG])),
}
KEYS = [0, 2, 4, 6]
SELECTED = [("a", 0), ("a", 2), ("a", 4), ("a", 6), ("b", 2), ("b", 6), ("c", 0)]
NETWORK = SegmenterParams(backbone="small_resnet")


def params(**changes: Any) -> ContrastiveParams:
    return parse_params(ContrastiveParams, changes, "contrastive")


@pytest.fixture
def data(tmp_path: Path) -> tuple[Frames, LabelMaps, EdgeSegments]:
    """Label of a frame: 1 + its number; its segments: the rows, numbered from 300."""
    frames = write_frames(tmp_path / "frames", VIDEOS, count=7, keys=KEYS)
    maps = {n: np.full((32, 40), 1 + n, np.uint8) for n in KEYS}
    rows = [{"video": v, "rows": LabelMaps.write(tmp_path / "pa", v, maps)} for v in "abce"]
    LabelMaps.write_index(tmp_path / "pa", rows, {"version": "v0"})
    segments = np.repeat(300 + np.arange(32, dtype=np.int32)[:, None], 40, axis=1)
    of_frames = dict.fromkeys(KEYS, segments)
    rows = [
        {"video": v, "rows": EdgeSegments.write(tmp_path / "edges", v, of_frames)} for v in VIDEOS
    ]
    EdgeSegments.write_index(tmp_path / "edges", rows)
    return frames, LabelMaps(tmp_path / "pa"), EdgeSegments(tmp_path / "edges")


def batches(
    data: tuple[Frames, LabelMaps, EdgeSegments], size: int = 200, **changes: Any
) -> ContrastiveBatches:
    augment = AugmentParams(flip=False)
    return ContrastiveBatches(*data, SELECTED, NETWORK, augment, params(**changes), 1, size)


@pytest.mark.parametrize(
    "share, of_a, of_b",
    [(1.0, [0, 2, 4, 6], [2, 6]), (0.5, [2, 6], [6]), (0.25, [4], [6]), (0.01, [4], [6])],
)
def test_labelled_frames_are_of_videos_with_one_tag(
    data: tuple[Frames, LabelMaps, EdgeSegments], share: float, of_a: list[int], of_b: list[int]
) -> None:
    expected = [*(("a", n) for n in of_a), *(("b", n) for n in of_b)]
    assert labelled_frames(data[0], SELECTED, share) == expected


def test_frames_without_labels_take_part(data: tuple[Frames, LabelMaps, EdgeSegments]) -> None:
    frames = data[0]
    batch = batches(data, labelled_share=0.5)[0]
    assert batch["images"].shape == (200, 3, 32, 40) and batch["labels"].shape == (200, 32, 40)
    labelled = {("a", 2), ("a", 6), ("b", 6)}
    seen = set()
    tags = {"a": [1], "b": [3], "c": [2, 3], "d": [0]}
    for i, image in enumerate(batch["images"]):
        picture = image.permute(1, 2, 0).numpy()
        (key,) = [
            (v, n) for v in "abcd" for n in KEYS if np.array_equal(frames.image(v, n), picture)
        ]
        seen.add(key)
        expected = 1 + key[1] if key in labelled else 255
        assert (batch["labels"][i] == expected).all()
        assert torch.nonzero(batch["tags"][i]).flatten().tolist() == tags[key[0]]
        assert (batch["segments"][i] == 300 + torch.arange(32)[:, None]).all()
    assert seen == {(v, n) for v in "abcd" for n in KEYS}  # and none of "e"


def test_without_edge_segments_a_frame_is_one(
    data: tuple[Frames, LabelMaps, EdgeSegments],
) -> None:
    frames, labels, _ = data
    augment = AugmentParams(crop=(34, 40), flip=False)
    found = ContrastiveBatches(frames, labels, None, SELECTED, NETWORK, augment, params(), 1, 50)[0]
    assert found["segments"].unique().tolist() == [-1, 0]  # -1 outside the frame
    assert ((found["segments"] == -1).sum(dim=(1, 2)) == 2 * 40).all()
    same = ContrastiveBatches(*data, SELECTED, NETWORK, augment, params(), 1, 50)[0]
    for name in ("images", "labels", "tags"):
        assert torch.equal(found[name], same[name])


def test_without_the_unlabelled(data: tuple[Frames, LabelMaps, EdgeSegments]) -> None:
    batch = batches(data, unlabelled=False)[0]
    assert set(batch["labels"].unique().tolist()) == {1, 3, 5, 7}
    assert not batch["tags"][:, [0, 2]].any()


def test_what_is_outside_the_frame(data: tuple[Frames, LabelMaps, EdgeSegments]) -> None:
    found = ContrastiveBatches(
        *data, SELECTED, NETWORK, AugmentParams(crop=(34, 40), flip=False), params(), 1, 20
    )[0]
    outside = found["segments"] == -1
    assert outside.any() and (found["labels"][outside] == 255).all()


def test_nothing_labelled(data: tuple[Frames, LabelMaps, EdgeSegments]) -> None:
    with pytest.raises(InputError, match="no selected pseudo-annotation is of a video with one"):
        ContrastiveBatches(*data, [("c", 0)], NETWORK, AugmentParams(), params(), 1, 4)


class Given(nn.Module):
    """Logits and embeddings that are given, of one frame of two pixels."""

    def __init__(self, embeddings: bool = True) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.tensor([[0.0, 0.0], [math.log(3), 0.0]]))  # K, pixels
        self.vectors = nn.Parameter(torch.tensor([[1.0, 0.0], [0.0, 1.0]])) if embeddings else None

    def normalise(self, x: Tensor) -> Tensor:
        return x

    def forward(self, x: Tensor, vectors: Tensor | None = None) -> SegmenterOutput:
        own = None if self.vectors is None else self.vectors.T[None, :, None, :]
        return SegmenterOutput(self.logits[None, :, None, :], own)


def one_frame(labels: list[int], segments: list[int]) -> dict[str, Tensor]:
    return {
        "images": torch.zeros(1, 3, 1, 2, dtype=torch.uint8),
        "labels": torch.tensor([[labels]]),
        "segments": torch.tensor([[segments]]),
        "tags": torch.tensor([[False, True]]),
    }


def test_the_objective_by_hand() -> None:
    own = params(
        relations={
            "weight": {"cam": 0.5, "edge": 0.25, "tag": 0.125},
            "concentration": {"cam": 2.0, "edge": 3.0, "tag": 4.0},
        },
        head=0.7,
    )
    # pixels are at cosine 1 to their own cluster, at 0 to the other; one image has no tag to differ
    cam = math.log(1 + math.exp(-2.0))
    edge = math.log(1 + math.exp(-3.0))
    head = (math.log(4 / 3) + math.log(2)) / 2
    labelled = contrastive_loss(own, Given(), one_frame([1, 0], [0, 1]))
    assert labelled.item() == pytest.approx(0.5 * cam + 0.25 * edge + 0.7 * head, abs=1e-6)
    # an unlabelled frame has edges alone: Eq. 3
    unlabelled = contrastive_loss(own, Given(), one_frame([255, 255], [0, 1]))
    assert unlabelled.item() == pytest.approx(0.25 * edge, abs=1e-6)
    # the head alone, and gradients to nothing else
    model = Given()
    nothing = {"relations": {"weight": {"cam": 0, "edge": 0, "tag": 0}}}
    alone = contrastive_loss(params(**nothing), model, one_frame([1, 0], [0, 1]))
    alone.backward()
    assert alone.item() == pytest.approx(head)
    assert model.vectors is not None
    assert model.vectors.grad is None or not model.vectors.grad.any()
    assert model.logits.grad is not None and model.logits.grad.any()


def test_a_network_without_embeddings() -> None:
    with pytest.raises(InputError, match=r"set train_segmenter\.network\.two_stream"):
        contrastive_loss(params(), Given(embeddings=False), one_frame([1, 0], [0, 1]))


def test_numbers_at_coarser_positions() -> None:
    maps = torch.arange(6 * 9).reshape(1, 6, 9) + 1_000_000
    found = at_positions(maps, (2, 3))
    # the middle of each 3 x 3
    assert found.tolist() == [
        [[1_000_010, 1_000_013, 1_000_016], [1_000_037, 1_000_040, 1_000_043]]
    ]
    assert torch.equal(at_positions(maps, (6, 9)), maps)


@pytest.mark.parametrize("change", [{"head": -1}, {"labelled_share": 0}, {"labeled": True}])
def test_refuses(change: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=rf"parameter contrastive\.{next(iter(change))}"):
        params(**change)
