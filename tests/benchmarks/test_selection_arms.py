from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.selection_arms import arm_frames, parameters_with, seed_of
from stages import config

FRAMES = pd.DataFrame({"video": list("aaabbb"), "frame": [0, 1, 2] * 2})
OWN = FRAMES.assign(selected=[True, False, False, False, True, False])
REGIONS = FRAMES.assign(label=1, tag="dog-running")
IOU = pd.Series([0.1, 0.8, 0.9, float("nan"), 0.3, 0.2])


def names(arm: str, video_share: float = 1.0, seed: int = 0) -> set[str]:
    chosen = arm_frames(arm, OWN, REGIONS, IOU, video_share, seed)
    return {f"{v}{n}" for v, n in FRAMES[chosen].itertuples(index=False)}


def test_arms_by_hand() -> None:
    assert names("recipe") == {"a0", "b1"}
    assert names("full") == {"a0", "a1", "a2", "b0", "b1", "b2"}
    assert names("oracle") == {"a2", "a1"}
    assert names("oracle", video_share=0.34) == {"a2", "b1"}  # one of each video


def test_random_takes_as_many_as_the_recipe() -> None:
    assert len(names("random")) == 2
    assert {n[0] for n in names("random", video_share=0.34)} == {"a", "b"}


def test_random_draws_anew_for_every_seed() -> None:
    draws = [names("random", seed=seed) for seed in range(8)]
    assert any(d != draws[0] for d in draws)
    assert names("random", seed=3) == draws[3]


def test_repeats_have_seeds_of_their_own(tmp_path: Path) -> None:
    before = config.read_parameters()
    assert seed_of(0) == before["seed"] and len({seed_of(r) for r in range(3)}) == 3
    with parameters_with(seed_of(1), tmp_path):
        inside = config.read_parameters()
    assert inside == before | {"seed": inside["seed"]} and inside["seed"] != before["seed"]
    assert config.read_parameters() == before
