from __future__ import annotations

import pytest

from benchmarks.ablations import ARMS, Arm, settings_of, without_videos
from conf.compose import composed
from stages.schema import check_all


@pytest.mark.parametrize("recipe", list(ARMS))
def test_each_arm_differs_from_the_recipe_and_is_right(recipe: str) -> None:
    seen = []
    for arm in ARMS[recipe]:
        own = composed(settings_of(recipe, arm))
        check_all(own)
        assert (own, arm.cues) not in seen, arm.name
        seen.append((own, arm.cues))
    assert (composed(settings_of(recipe, Arm(""))), False) in seen  # the recipe as it is


def test_figures_of_single_videos_are_left_out() -> None:
    figures = {"a": {"jaccard": 1, "by_video": {"v": 1}}, "b": [1], "by_video": 3}
    assert without_videos(figures) == {"a": {"jaccard": 1}, "b": [1]}
