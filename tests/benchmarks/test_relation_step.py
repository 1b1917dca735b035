from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
import torch

from benchmarks import relation_step, results_page
from pipeline.networks.segmenters import SegmenterParams, build_segmenter
from pipeline.networks.two_stream import TwoStreamParams
from pipeline.training.contrastive import ContrastiveParams


def test_steps_take_turns_and_the_first_of_each_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds = {"short": iter([50, 1, 3, 2]), "long": iter([90, 4, 5, 9])}
    clock, order = [0.0], []

    def step(name: str) -> None:
        order.append(name)
        clock[0] += next(seconds[name])

    monkeypatch.setattr(relation_step.time, "perf_counter", lambda: clock[0])
    found = relation_step.medians({n: lambda n=n: step(n) for n in seconds}, repeats=3)
    assert found == {"short": 2, "long": 5}
    assert order == ["short", "long"] * 4


def test_the_batch_has_what_relations_look_at() -> None:
    torch.manual_seed(0)
    batch = relation_step.made_up_batch(segments=30, unlabelled=2)
    assert batch["images"].shape == (10, 3, 224, 224)
    assert [len(s.unique()) for s in batch["segments"]] == [30] * 10
    assert (batch["labels"][8:] == 255).all()
    share = (batch["labels"][:8] > 0).float().mean(dim=(1, 2))
    assert share.min() > 0.24 and share.max() < 0.26  # a square of half the side
    assert (batch["tags"].sum(1) == 1).all()


def test_the_figures_are_of_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relation_step, "SIZE", 32)
    torch.manual_seed(0)
    figures = relation_step.measure("small_resnet", 4, 5, 1, torch.device("cpu"))
    assert figures["pixels"] == 10 * 4 * 4
    assert figures["ratio"] == figures["relations"] / figures["cross_entropy"]
    # 16 pixels an image make one cluster of each region, and no image has fewer than 2 of these
    assert 20 <= figures["clusters"] <= 10 * 2 * 5


def test_a_step_learns_and_relations_change_what(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relation_step, "SIZE", 32)
    torch.manual_seed(0)
    network = SegmenterParams(backbone="small_resnet", two_stream=TwoStreamParams(width=4))
    start = build_segmenter(network, relation_step.CLASSES)
    batch = relation_step.made_up_batch(5, 2)
    weights = {}
    for name, head in {"both": 1.0, "relations": 0.0}.items():
        model = copy.deepcopy(start)
        relation_step.training_step(model, batch, ContrastiveParams(head=head))()
        weights[name] = model.state_dict()
    before = start.state_dict()
    for key in ("aspp.branches.0.weight", "head.2.weight"):
        assert not torch.equal(before[key], weights["both"][key])
    assert not torch.equal(
        before["aspp.branches.0.weight"], weights["relations"]["aspp.branches.0.weight"]
    )
    assert not torch.equal(*(w["aspp.branches.0.weight"] for w in weights.values()))


def test_the_page_shows_the_ratio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results_page, "RESULTS", tmp_path)
    assert results_page.step_table() == []
    figures = {"width": 64, "pixels": 7840, "clusters": 850, "cross_entropy": 2, "relations": 2.5}
    text = json.dumps({"resnet18": figures | {"ratio": 1.25}})
    (tmp_path / "relation-step.json").write_text(text)
    assert results_page.step_table()[-1] == "| resnet18 | 64 | 7840 | 850 | 2.00 | 2.50 | 1.25 |"
