"""Still images beside videos through every stage: to all of them they are one-frame videos."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from conf.compose import composed
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.maps import Maps
from pipeline.artifacts.superpixels import Superpixels
from stages import (
    aggregate_flow,
    check_convergence,
    compute_superpixels,
    detect_edges,
    estimate_flow,
    evaluate_ric,
    extract_cam,
    finetune_classifier,
    make_demo,
    predict_pa,
    prepare_frames,
    prepare_ground_truth,
    refine_superpixels,
    segment_motion,
    select_pa,
    train_segmenter,
)
from stages.schema import check_all

pytestmark = pytest.mark.slow

SHORT = ["epochs=1", "steps=2", "batch=4"]
TINY = [
    *("dataset=demo_objects", "machine.jobs=1", "machine.threads=1", "versions=two"),
    *("make_demo.train=12", "make_demo.test=4", "make_demo.without_actor=2", "make_demo.stills=9"),
    *("++make_demo.frames=10", "++make_demo.annotate_every=5", "dataset.validation=0.25"),
    *("prepare_frames.key_frames=2", "compute_superpixels.segments=40"),
    *(f"finetune_classifier.actor.fit.{s}" for s in SHORT),
    *(f"select_pa.discriminator.fit.{s}" for s in SHORT),
    *(f"train_segmenter.fit.{s}" for s in SHORT),
    *("train_segmenter.augment.crop=[48,64]", "train_segmenter.ric.frames=1"),
    *("dataset.images.validation=0.12", "select_pa.selection.video_share=1.0"),
    "select_pa.selection.rule=full",
]
STILLS = [f"still{n:04d}" for n in range(9)]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which every stage up to the figures of v0 and the next version has run."""
    folder, before = tmp_path_factory.mktemp("work"), Path.cwd()
    values = composed(TINY)
    check_all(values)
    (folder / "params.yaml").write_text(yaml.safe_dump(values))
    os.chdir(folder)
    demo, second, frames, truth = (Path(n) for n in ("demo", "demo/stills", "frames", "truth"))
    superpixels, actor, action = Path("superpixels"), Path("actor"), Path("action")
    cams, v0, v1 = (Path("cam_actor"), Path("cam_action")), Path("v0"), Path("v1")
    flow, motion, edges = Path("flow"), Path("motion"), Path("edges")
    selection, model, convergence = Path("selection"), Path("segmenter"), Path("stop.json")
    try:
        make_demo.run(demo)
        prepare_frames.run(demo, second, frames)
        prepare_ground_truth.run(demo, second, frames, truth)
        compute_superpixels.run(frames, superpixels)
        finetune_classifier.run("actor", frames, actor, Path("tmp"))
        finetune_classifier.run("action", frames, action, Path("tmp"))
        extract_cam.run("actor", frames, actor, cams[0])
        extract_cam.run("action", frames, action, cams[1])
        estimate_flow.run(frames, flow)
        segment_motion.run(frames, flow, motion)
        detect_edges.run(frames, edges)
        aggregate_flow.run(frames, *cams, flow, Path("aggregated"))
        refine_superpixels.run(frames, superpixels, *cams, Path("aggregated"), motion, v0)
        select_pa.run(frames, superpixels, v0, *cams, actor, motion, flow, selection)
        train_segmenter.run(
            *(frames, superpixels, v0, selection, motion, edges),
            *(action, cams[1], actor, model, Path("curves"), Path("tmp")),
        )
        check_convergence.run(model, actor, "v0", convergence)
        predict_pa.run(
            *(frames, superpixels, v0, selection, model, cams[1], motion, convergence), "v1", v1
        )
        evaluate_ric.run(frames, superpixels, truth, v0, selection, model, Path("figures"))
    finally:
        os.chdir(before)
    yield folder


def test_stills_are_prepared_beside_the_videos(work: Path) -> None:
    frames = Frames(work / "frames")
    assert set(STILLS) < set(frames.videos) and len(frames.videos) == 12 + 4 + 2 + 9
    assert frames.taxonomy.names("action") == ("background", "none")
    assert all(frames.frames(v) == [0] for v in STILLS)
    assert sum(v in STILLS for v in frames.of_split("val")) == 1
    assert LabelMaps(work / "truth").frames("still0004") == [0]
    assert "still0005" not in LabelMaps(work / "truth")


@pytest.mark.parametrize("name", ["superpixels", "cam_actor", "v0", "v1"])
def test_every_artifact_has_their_one_frame(work: Path, name: str) -> None:
    kinds = {"superpixels": Superpixels, "cam_actor": Maps}
    artifact = kinds.get(name, LabelMaps)(work / name)
    assert set(STILLS) < set(artifact.videos)
    assert all(artifact.frames(v) == [0] for v in STILLS)


def test_their_labels_are_those_of_their_tags(work: Path) -> None:
    frames = Frames(work / "frames")
    for version in ("v0", "v1"):
        labels = LabelMaps(work / version)
        for still in STILLS:
            found = set(np.unique(labels.labels(still, 0)).tolist()) - {0}
            assert found <= set(frames.taxonomy.labels(frames.tags(still)))


def test_scores_of_flow_are_measured_where_one_is_asked_for(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    values = composed([*TINY, "select_pa.selection.scores=[colour_contrast]"])
    Path("params.yaml").write_text(yaml.safe_dump(values))
    names = ("frames", "superpixels", "v0", "cam_actor", "cam_action", "actor", "motion", "flow")
    select_pa.run(*(work / n for n in names), Path("selection"))
    with_flow = pd.read_parquet(work / "selection" / "regions.parquet")
    without = pd.read_parquet("selection/regions.parquet")
    scores = ["flow_agreement", "motion_agreement"]
    assert with_flow[scores].notna().any().all() and without[scores].isna().all().all()
    same = ["video", "frame", "label", "colour_contrast", "rii", "classifier"]
    pd.testing.assert_frame_equal(with_flow[same], without[same])


def test_they_are_selected_as_any_frame(work: Path) -> None:
    listed = pd.read_parquet(work / "selection" / "frames.parquet")
    train = set(Frames(work / "frames").of_split("train")) & set(STILLS)
    rows = listed[listed["video"].isin(STILLS)]
    assert set(rows["video"]) == train and len(rows) == len(train) == 8
    assert rows["selected"].all() and (rows["frame"] == 0).all()
