"""Select the pseudo-annotations of a version that the next segmenter is trained on."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.artifacts.cues import Cues
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.models import Model
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.artifacts.selections import Selection
from pipeline.artifacts.superpixels import Superpixels
from pipeline.networks.read_classifier import read_classifier
from pipeline.runtime.parallel import parallel_map
from pipeline.runtime.reproducible import derive_seed, make_reproducible
from pipeline.selection.measure import Patches, join_regions
from pipeline.selection.read_annotated import measure_video
from pipeline.selection.read_motion import motion_table
from pipeline.selection.recognition import recognition
from pipeline.selection.select import MOTION_RULES, SelectParams, rank_average, select
from pipeline.training.discriminator import DiscriminatorParams, score_realness
from pipeline.vision.superpixel_refinement import RefineParams
from stages import cli, config


def run(
    frames: Frames,
    superpixels: Superpixels,
    pa: LabelMaps,
    cues: Cues,
    classifier: Model | None,
    out: Path,
) -> None:
    """Write the tables of frames (selected or not) and of regions (scores) to ``out``."""
    params = config.section("select_pa.selection", SelectParams)
    seed = derive_seed(config.seed(), "select_pa", pa.metadata["version"])
    make_reproducible(seed, config.machine().threads)
    train = set(frames.of_split("train"))
    videos = [v for v in pa.videos if v in train]
    work = partial(
        measure_video,
        frames=frames,
        labels=pa,
        superpixels=superpixels,
        cues=cues,
        with_flow=params.needs_flow,
        refine=config.section("select_pa.refine", RefineParams),
        patch=config.section("select_pa.discriminator", DiscriminatorParams).patch,
        seed=seed,
    )
    regions, patches = join_regions(parallel_map(work, videos, config.machine(), "regions"))
    report = _test(regions, patches, classifier, params, seed)
    listed = pd.DataFrame(
        [{"video": v, "frame": n} for v in videos for n in pa.frames(v)], columns=["video", "frame"]
    )
    if params.rule in MOTION_RULES:
        motion = cues.need("motion", MotionSegments)
        listed = motion_table(videos, frames, pa, motion, params.motion)
    listed["selected"] = select(listed, regions, params, seed) if len(listed) else False
    report |= {"frames": len(listed), "selected": int(listed["selected"].sum())}
    Selection.write(out, listed, regions, report)


def _test(
    regions: pd.DataFrame,
    patches: Patches,
    classifier: Model | None,
    params: SelectParams,
    seed: int,
) -> dict[str, object]:
    """Add the relaxed and, for the rule that asks for it, the strict test to ``regions``."""
    report: dict[str, object] = {"rule": params.rule}
    if classifier is not None:
        loaded = read_classifier(classifier, config.machine())
        actors = [loaded.classes.index(str(tag).split("-")[0]) for tag in regions["tag"]]
        probs, named = recognition(loaded.model, patches.alone, np.array(actors, int))
        regions["classifier"], regions["recognised"] = probs, named
    if params.rule == "tests":
        judge = config.section("select_pa.discriminator", DiscriminatorParams)
        pasted = patches.background  # a region without free background cannot pass the test
        videos = regions["video"][pasted].tolist()
        probs, told = score_realness(
            patches.original[pasted], patches.pasted[pasted], videos, judge, config.machine(), seed
        )
        regions.loc[pasted, "realness"] = probs
        regions["real"] = regions["realness"] > 0.5
        report["discriminator_accuracy"] = 100 * told
    measured = list(params.scores) or [c for c in ("classifier", "realness") if c in regions]
    regions["score"] = rank_average(regions[measured])
    return report


if __name__ == "__main__":
    cli.run(run)
