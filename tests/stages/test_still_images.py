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
from pipeline.artifacts.cues import CUES_INDEX, Cues
from pipeline.artifacts.edge_segments import EdgeSegments
from pipeline.artifacts.flows import Flows
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.maps import Maps
from pipeline.artifacts.models import Model
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.artifacts.selections import Selection
from pipeline.artifacts.store import Artifact
from pipeline.artifacts.superpixels import Superpixels
from pipeline.artifacts.tables import read_json
from pipeline.cues.table import CUES
from stages import (
    check_convergence,
    collect_cues,
    colocalise,
    compute_cues,
    compute_superpixels,
    evaluate_cues,
    evaluate_version,
    finetune_classifier,
    make_demo,
    make_initial_pa,
    predict_pa,
    prepare_frames,
    prepare_ground_truth,
    select_pa,
    train_segmenter,
)
from stages.schema import check_all

pytestmark = pytest.mark.slow

SHORT = ["epochs=1", "steps=2", "batch=4"]
TINY = [
    *("dataset=demo_objects", "machine.jobs=1", "machine.threads=1", "versions=two"),
    *("+cue=[aggregated_actor,motion,edges]", "cues.flow.pairs=frames"),
    *("cues.aggregated_actor.frames=2", "cues.aggregated_actor.label_filter=null"),
    *("make_demo.train=12", "make_demo.test=4", "make_demo.without_actor=2", "make_demo.stills=9"),
    *("++make_demo.frames=10", "++make_demo.annotate_every=5", "dataset.validation=0.25"),
    *("prepare_frames.key_frames=2", "compute_superpixels.slic.segments=40"),
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
    demo, second, tmp = Path("demo"), Path("demo/stills"), Path("tmp")
    try:
        make_demo.run(demo)
        prepare_frames.run(demo, second, Path("frames"))
        frames = Frames(Path("frames"))
        prepare_ground_truth.run(demo, second, frames, Path("truth"))
        truth = LabelMaps(Path("truth"))
        compute_superpixels.run(frames, Path("superpixels"))
        superpixels = Superpixels(Path("superpixels"))
        finetune_classifier.run("actor", frames, Path("actor"), tmp)
        actor = Model(Path("actor"))
        for name in sorted(values["cues"], key=[*CUES].index):  # each after what it is made from
            asked = actor if CUES[name].classifier else None
            out, digest = Path("cues") / name, Path("cues/digests") / f"{name}.json"
            compute_cues.run(name, frames, Path("cues"), asked, out, digest)
        collect_cues.run(Path("cues/digests"), Path("cues") / CUES_INDEX)
        cues = Cues(Path("cues"))
        evaluate_cues.run(frames, truth, cues, Path("cues.json"))
        make_initial_pa.run(frames, superpixels, cues, Path("v0"))
        v0 = LabelMaps(Path("v0"))
        select_pa.run(frames, superpixels, v0, cues, actor, Path("selection"))
        selection = Selection(Path("selection"))
        train_segmenter.run(
            *(frames, superpixels, v0, selection, cues, None, actor),
            *(Path("segmenter"), Path("curves"), tmp),
        )
        model = Model(Path("segmenter"))
        check_convergence.run(model, None, "v0", Path("stop.json"))
        predict_pa.run(
            *(frames, superpixels, v0, selection, model, cues),
            *(Path("stop.json"), "v1", Path("v1")),
        )
        parts = frames, superpixels, truth, v0
        evaluate_version.run(*parts, selection, model, cues, Path("figures"))
        (folder / "params.yaml").write_text(yaml.safe_dump(values | {"colocalise": {}}))
        colocalise.run(*parts, model, cues, Path("corloc.json"))
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


ARTIFACTS = {
    "superpixels": Superpixels,
    "cues/actor": Maps,
    "cues/aggregated_actor": Maps,
    "cues/edges": EdgeSegments,
    "v0": LabelMaps,
    "v1": LabelMaps,
}


@pytest.mark.parametrize("name", list(ARTIFACTS))
def test_every_artifact_has_their_one_frame(work: Path, name: str) -> None:
    artifact = ARTIFACTS[name](work / name)
    assert set(STILLS) < set(artifact.videos)
    assert all(artifact.frames(v) == [0] for v in STILLS)


@pytest.mark.parametrize("name, kind", [("flow", Flows), ("motion", MotionSegments)])
def test_nothing_moves_in_them(work: Path, name: str, kind: type[Artifact]) -> None:
    cue = Cues(work / "cues").need(name, kind)
    assert len(cue.videos) == 12 + 4 + 2 and not set(STILLS) & set(cue.videos)


def test_their_maps_are_what_they_were_before_the_union(work: Path) -> None:
    cues = Cues(work / "cues")
    before, united = cues.need("actor", Maps), cues.need("aggregated_actor", Maps)
    for still in STILLS:
        one, other = (maps.maps(still, 0) for maps in (before, united))
        assert one.keys() == other.keys()
        assert all(np.array_equal(one[name], other[name]) for name in one)


def test_they_count_where_objects_are_found_and_not_where_motion_is(work: Path) -> None:
    annotated = [v for v in LabelMaps(work / "truth").videos if v in LabelMaps(work / "v0")]
    assert {*annotated} & {*STILLS}
    figures = read_json(work / "cues.json")
    assert set(figures) == {"motion", "cam", "aggregated"}
    assert not {*figures["motion"]["by_video"]} & {*STILLS}
    assert 0 <= read_json(work / "corloc.json")["corloc"] <= 100
    sequences = pd.read_csv(work / "figures/sequences.csv")["video"]
    train = set(Frames(work / "frames").of_split("train"))
    assert {*sequences} == {*annotated} & train


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
    select_pa.run(
        *(Frames(work / "frames"), Superpixels(work / "superpixels"), LabelMaps(work / "v0")),
        *(Cues(work / "cues"), Model(work / "actor"), Path("selection")),
    )
    with_flow = Selection(work / "selection").regions
    without = Selection(Path("selection")).regions
    scores = ["flow_agreement", "motion_agreement"]
    assert with_flow[scores].notna().any().all() and without[scores].isna().all().all()
    same = ["video", "frame", "label", "colour_contrast", "rii", "classifier"]
    pd.testing.assert_frame_equal(with_flow[same], without[same])


def test_they_are_selected_as_any_frame(work: Path) -> None:
    listed = Selection(work / "selection").frames
    train = set(Frames(work / "frames").of_split("train")) & set(STILLS)
    rows = listed[listed["video"].isin(STILLS)]
    assert set(rows["video"]) == train and len(rows) == len(train) == 8
    assert rows["selected"].all() and (rows["frame"] == 0).all()
