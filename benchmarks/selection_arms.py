"""What is selection worth? PA.v1 after training on different subsets of PA.v0.

    python -m benchmarks.selection_arms --out docs/results/arms-seed0.json

Run it after ``dvc repro``: it takes the frames, PA.v0 and selection that lie in the workspace, and
trains one segmenter for each arm with the parameters of params.yaml: the ``recipe``'s selection,
all PAs (``full``), as many at ``random``, and the ``oracle``: the best by true IoU; the last two
with the recipe's fraction and share of a video, and a quota by tag. The oracle sees the human
masks: it is a diagnosis of how much selection could gain, and no recipe can choose it.

One training more or less lucky moves PA.v1 by about as much as arms differ. So every arm is trained
``--repeats`` times: first with the seed of the run, then with others, which also draw other random
frames. Arms that are not asked for keep what ``--out`` holds of them.

``masks_full``, ``masks_recipe`` and ``masks_random`` train on the human masks of the same frames:
how far the network could come, and what the choice of frames costs, whatever their labels.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from pipeline.artifacts.cues import Cues
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.models import Model
from pipeline.artifacts.selections import Selection
from pipeline.artifacts.superpixels import Superpixels
from pipeline.artifacts.tables import read_json, read_table, write_json, write_table
from pipeline.evaluation.read_versions import annotated_keys, measure_frames, region_iou
from pipeline.evaluation.versions import FrameKey, score_pa
from pipeline.prediction.params import PredictionParams
from pipeline.runtime.reproducible import derive_seed
from pipeline.selection.select import SelectParams, select
from stages import config, predict_pa, train_segmenter

DATA, MODELS = Path("data"), Path("models")
ARMS = ("recipe", "full", "random", "oracle")
PRINTED = ("miou_actor_action", "iou_foreground", "frames")
ON_MASKS = tuple(f"masks_{arm}" for arm in ("full", "recipe", "random"))


def arm_frames(
    arm: str,
    own: pd.DataFrame,
    regions: pd.DataFrame,
    iou: pd.Series,
    video_share: float,
    seed: int,
) -> pd.Series:
    """Which frames an arm trains on; ``seed`` is the seed of the run."""
    if arm == "recipe":
        return own["selected"]
    fraction = min(max(float(own["selected"].mean()), 1e-6), 1.0)
    same: dict[str, Any] = {"fraction": fraction, "quota": "tag", "video_share": video_share}
    rules = {
        "full": SelectParams(rule="full"),
        "random": SelectParams(rule="random", **same),
        "oracle": SelectParams(rule="ranked", scores=("iou",), **same),
    }
    scored = regions.assign(iou=iou.fillna(0.0))
    return select(own[["video", "frame"]], scored, rules[arm], derive_seed(seed, "arms"))


def seed_of(repeat: int) -> int:
    """Seed of a repeat; the first is the run's own."""
    return config.seed() if repeat == 0 else derive_seed(config.seed(), "repeat", repeat)


@contextmanager
def parameters_with(seed: int, work: Path) -> Iterator[None]:
    """Within it, stages read the parameters of the workspace with another seed."""
    own, changed = config.PARAMETERS, work / "params.yaml"
    changed.write_text(yaml.safe_dump(config.read_parameters() | {"seed": seed}))
    try:
        config.PARAMETERS = changed
        yield
    finally:
        config.PARAMETERS = own


def write_masks(out: Path, truth: LabelMaps, pa: LabelMaps, train: set[str]) -> set[FrameKey]:
    """The human masks as a version of pseudo-annotations; the area anchor keeps their share.

    Returns:
        The frames that have one.
    """
    prediction = config.section("prediction", PredictionParams)
    anchored = "area_anchor" in prediction.corrections
    keys = annotated_keys(truth, pa, pa.videos)
    rows, shares = [], []
    for video in sorted({v for v, _ in keys}):
        maps = {n: truth.labels(video, n) for v, n in keys if v == video}
        rows.append({"video": video, "rows": LabelMaps.write(out, video, maps)})
        shares += [float((m > 0).mean()) for m in maps.values()] if video in train else []
    ratio = prediction.area_anchor.ratio if anchored else 1.0
    share = sum(shares) / max(len(shares), 1) / ratio
    LabelMaps.write_index(out, rows, {"version": "v0", "initial_share": share})
    return set(keys)


def run_arm(arm: str, chosen: pd.DataFrame, pa: Path, work: Path) -> dict[str, float]:
    """Train on the ``chosen`` frames of ``pa``, predict PA.v1, score it."""
    selection, model, labels = work / "selection", work / "model", work / "pa"
    write_table(selection / "frames.parquet", chosen)
    write_json(selection / "selection.json", {"rule": arm})
    write_json(work / "convergence.json", {"stop": False, "last": False, "version": "v0"})
    frames, superpixels = Frames(DATA / "frames"), Superpixels(DATA / "superpixels")
    cues, classifiers = Cues(DATA / "cues"), config.read_parameters()["classifiers"]
    stored = {branch: Model(MODELS / "classifier" / branch) for branch in classifiers}
    # each by its name, so that mypy sees what a stage needs
    train_segmenter.run(
        frames=frames,
        superpixels=superpixels,
        pa=LabelMaps(pa),
        selection=Selection(selection),
        cues=cues,
        action=stored.get("action"),
        init=stored.get("actor"),
        out=model,
        curves=work / "curves",
        work=work / "unfinished",
    )
    predict_pa.run(
        frames=frames,
        superpixels=superpixels,
        pa=LabelMaps(pa),
        selection=Selection(selection),
        model=Model(model),
        cues=cues,
        convergence=work / "convergence.json",
        version="v1",
        out=labels,
    )
    truth = LabelMaps(DATA / "ground_truth")
    found = LabelMaps(labels)
    keys = annotated_keys(truth, found, frames.tagged("train"))
    measured = measure_frames(truth, found, keys, frames.taxonomy)
    return score_pa(measured, frames.taxonomy) | {"frames": int(chosen["selected"].sum())}


def labels_of(
    arm: str, own: pd.DataFrame, truth: LabelMaps, pa: LabelMaps, work: Path
) -> tuple[Path, pd.Series]:
    """The labels that an arm trains on, and which of the frames of ``own`` have one."""
    if arm not in ON_MASKS:
        return DATA / "pa/v0", pd.Series(True, index=own.index)
    train = set(Frames(DATA / "frames").of_split("train"))
    known = pd.MultiIndex.from_tuples(sorted(write_masks(work / "masks", truth, pa, train)))
    have = pd.MultiIndex.from_frame(own[["video", "frame"]]).isin(known)
    return work / "masks", pd.Series(have, index=own.index)


def main() -> None:
    """Run the arms and write their figures: for each a list, one entry a repeat."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--arms", nargs="+", default=ARMS, choices=ARMS + ON_MASKS)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    own = read_table(DATA / "selection/v0/frames.parquet")
    regions = read_table(DATA / "selection/v0/regions.parquet")
    video_share = config.section("select_pa.selection", SelectParams).video_share
    truth, pa = LabelMaps(DATA / "ground_truth"), LabelMaps(DATA / "pa/v0")
    iou = region_iou(truth, pa, regions)
    results = read_json(arguments.out) if arguments.out.is_file() else {}
    for arm in arguments.arms:
        results[arm] = []
        for repeat in range(arguments.repeats):
            seed, rule = seed_of(repeat), arm.removeprefix("masks_")
            with tempfile.TemporaryDirectory(prefix="arms-") as name:
                work = Path(name)
                labels, have = labels_of(arm, own, truth, pa, work)
                frames = arm_frames(rule, own, regions, iou, video_share, seed)
                chosen = own.assign(selected=frames & have)
                with parameters_with(seed, work):
                    results[arm].append(run_arm(arm, chosen, labels, work))
            write_json(arguments.out, results)
            print(arm, {k: round(results[arm][-1][k], 1) for k in PRINTED}, flush=True)


if __name__ == "__main__":
    main()
