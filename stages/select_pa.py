"""Select the pseudo-annotations of a version that the next segmenter is trained on."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.artifacts.flows import Flows
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.maps import Maps
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.artifacts.superpixels import Superpixels
from pipeline.artifacts.tables import write_json, write_table
from pipeline.runtime.parallel import parallel_map
from pipeline.runtime.reproducible import derive_seed, make_reproducible
from pipeline.selection.measure import (
    MeasuredRegions,
    Patches,
    join_regions,
    measure_regions,
    read_annotated,
)
from pipeline.selection.motion_overlap import motion_table
from pipeline.selection.recognition import recognition
from pipeline.selection.select import (
    FLOW_SCORES,
    MOTION_RULES,
    SelectParams,
    rank_average,
    select,
)
from pipeline.training.discriminator import DiscriminatorParams, score_realness
from pipeline.vision.superpixel_refinement import RefineParams
from stages import cli
from stages.classifiers import load_classifier


class Inputs(NamedTuple):
    """Folders of what regions are measured on."""

    frames: Path
    pa: Path
    superpixels: Path
    actor_cam: Path
    action_cam: Path
    flow: Path


def run(
    frames: Path,
    superpixels: Path,
    pa: Path,
    actor_cam: Path,
    action_cam: Path,
    classifier: Path,
    motion: Path,
    flow: Path,
    out: Path,
) -> None:
    """Write the tables of frames (selected or not) and of regions (scores) to ``out``."""
    params = cli.section("select_pa.selection", SelectParams)
    prepared, labels = Frames(frames), LabelMaps(pa)
    seed = derive_seed(cli.seed(), "select_pa", labels.metadata["version"])
    make_reproducible(seed, cli.machine().threads)
    train = set(prepared.of_split("train"))
    videos = [v for v in labels.videos if v in train]
    work = partial(
        _measure,
        inputs=Inputs(frames, pa, superpixels, actor_cam, action_cam, flow),
        with_flow=bool({*params.scores} & {*FLOW_SCORES}),
        refine=cli.section("prediction.refine", RefineParams),
        patch=cli.section("select_pa.discriminator", DiscriminatorParams).patch,
        seed=seed,
    )
    regions, patches = join_regions(parallel_map(work, videos, cli.machine(), "regions"))
    report = _test(regions, patches, classifier, params, seed)
    listed = pd.DataFrame(
        [{"video": v, "frame": n} for v in videos for n in labels.frames(v)],
        columns=["video", "frame"],
    )
    if params.rule in MOTION_RULES:
        listed = motion_table(videos, prepared, labels, MotionSegments(motion), params.motion)
    listed["selected"] = select(listed, regions, params, seed) if len(listed) else False
    report |= {"frames": len(listed), "selected": int(listed["selected"].sum())}
    write_table(out / "frames.parquet", listed)
    write_table(out / "regions.parquet", regions)
    write_json(out / "selection.json", report)


def _measure(
    video: str, inputs: Inputs, with_flow: bool, refine: RefineParams, patch: int, seed: int
) -> MeasuredRegions:
    """The regions of one video; it draws its background squares on its own."""
    frames = Frames(inputs.frames)
    annotated = read_annotated(
        video,
        frames,
        LabelMaps(inputs.pa),
        Superpixels(inputs.superpixels),
        (Maps(inputs.actor_cam), Maps(inputs.action_cam)),
        Flows(inputs.flow) if with_flow else None,
    )
    rng = np.random.default_rng(derive_seed(seed, video))
    return measure_regions(annotated, frames.taxonomy.names("actor_action"), refine, patch, rng)


def _test(
    regions: pd.DataFrame, patches: Patches, classifier: Path, params: SelectParams, seed: int
) -> dict[str, object]:
    """Add the relaxed and, for the rule that asks for it, the strict test to ``regions``."""
    loaded = load_classifier(classifier, cli.machine())
    report: dict[str, object] = {"rule": params.rule}
    if loaded is not None:
        actors = [loaded.classes.index(str(tag).split("-")[0]) for tag in regions["tag"]]
        probs, named = recognition(loaded.model, patches.alone, np.array(actors, int))
        regions["classifier"], regions["recognised"] = probs, named
    if params.rule == "tests":
        judge = cli.section("select_pa.discriminator", DiscriminatorParams)
        pasted = patches.background  # a region without free background cannot pass the test
        videos = regions["video"][pasted].tolist()
        probs, told = score_realness(
            patches.original[pasted], patches.pasted[pasted], videos, judge, cli.machine(), seed
        )
        regions.loc[pasted, "realness"] = probs
        regions["real"] = regions["realness"] > 0.5
        report["discriminator_accuracy"] = 100 * told
    measured = list(params.scores) or [c for c in ("classifier", "realness") if c in regions]
    regions["score"] = rank_average(regions[measured])
    return report


if __name__ == "__main__":
    cli.run(run)
