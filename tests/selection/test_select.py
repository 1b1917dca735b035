import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from pipeline.runtime.errors import InputError
from pipeline.selection.select import (
    MOTION_RULES,
    RULES,
    SelectParams,
    rank_average,
    select,
)
from pipeline.selection.table import SCORES

# Video a: a dog in frames 0, 2, 4 and a bird as well in frame 2; video b: a bird in 0 and 2,
# nothing in 4; video c: a car in 0.
FRAMES = pd.DataFrame(
    [("a", 0), ("a", 2), ("a", 4), ("b", 0), ("b", 2), ("b", 4), ("c", 0)],
    columns=["video", "frame"],
    index=[10, 11, 12, 13, 14, 15, 16],
)
MOTION = FRAMES.assign(
    whole_video=["x", "x", "x", "x", "x", "x", "y"],
    moving=[True, True, False, False, True, True, True],
    overlap=[0.5, 0.5, 0.5, 0.6, 0.6, 0.6, 0.1],
)
REGIONS = pd.DataFrame(
    [
        ("a", 0, 3, "dog-running", 0.9, 0.8, True, False),
        ("a", 2, 3, "dog-running", 0.8, 0.9, True, True),
        ("a", 2, 1, "bird-flying", 0.1, 0.2, False, False),
        ("a", 4, 3, "dog-running", 0.7, 0.7, False, True),
        ("b", 0, 1, "bird-flying", 0.4, 0.4, False, False),
        ("b", 2, 1, "bird-flying", 0.3, 0.1, False, True),
        ("c", 0, 2, "car-rolling", 0.2, 0.3, False, True),
    ],
    columns=[
        "video",
        "frame",
        "label",
        "tag",
        "colour_contrast",
        "cam_agreement",
        "real",
        "recognised",
    ],
)


def chosen(params: SelectParams, seed: int = 0, frames: pd.DataFrame = FRAMES) -> set[str]:
    found = select(frames, REGIONS, params, seed)
    assert found.dtype == bool
    assert (found.index == frames.index).all()
    return {f"{v}{f}" for v, f in frames.loc[found, ["video", "frame"]].itertuples(index=False)}


def test_rank_average_by_hand() -> None:
    scores = pd.DataFrame(
        {"x": [0.1, 0.9, 0.5, 0.5], "y": [10.0, 30.0, np.nan, 20.0]}, index=list("pqrs")
    )
    # x: ranks 1, 4, 2.5, 2.5 of 4 -> 1/8, 7/8, 1/2, 1/2; y: 1, 3, -, 2 of 3 -> 1/6, 5/6, -, 1/2
    found = rank_average(scores)
    assert found.to_dict() == pytest.approx(
        {"p": (1 / 8 + 1 / 6) / 2, "q": (7 / 8 + 5 / 6) / 2, "r": 1 / 2, "s": 1 / 2}
    )
    unknown = rank_average(pd.DataFrame({"x": [np.nan, 2.0]}))
    assert unknown.tolist() == [0.0, 0.5]


def test_full_takes_empty_frames_too() -> None:
    assert chosen(SelectParams(rule="full")) == {"a0", "a2", "a4", "b0", "b2", "b4", "c0"}


def test_tests_need_every_region_of_a_frame() -> None:
    # a2 fails by its bird, b0 by both tests, b4 has no region
    assert chosen(SelectParams(rule="tests")) == {"a0", "a4", "b2", "c0"}


def test_ranked_by_hand() -> None:
    # contrast alone: a0 13/14, a2 (11 + 1)/28, a4 9/14, b0 7/14, b2 5/14, c0 3/14
    params = {"rule": "ranked", "scores": ("colour_contrast",)}
    assert chosen(SelectParams(**params, fraction=0.5)) == {"a0", "a4", "b0"}
    # a quarter of 6 is 1.5, rounded up
    assert chosen(SelectParams(**params, fraction=0.25)) == {"a0", "a4"}
    assert chosen(SelectParams(**params, fraction=0.01)) == {"a0"}


def test_ranked_with_quota_by_hand() -> None:
    # Rarest tags: car (1 frame), bird and dog (3 frames each; a2 counts as bird-flying).
    # dog: a0 > a4; bird: b0 > a2 > b2; car: c0 (at least one).
    params = {"rule": "ranked", "scores": ("colour_contrast",), "quota": "tag"}
    assert chosen(SelectParams(**params, fraction=0.4)) == {"a0", "b0", "c0"}
    assert chosen(SelectParams(**params, fraction=0.5)) == {"a0", "b0", "a2", "c0"}


def test_no_more_than_a_share_of_a_video_by_hand() -> None:
    # the order is a0 a4 b0 a2 b2 c0; one frame of a (1.2 of 3), one of b (0.8 of 2), one of c
    params = {"rule": "ranked", "scores": ("colour_contrast",), "video_share": 0.4}
    assert chosen(SelectParams(**params, fraction=1)) == {"a0", "b0", "c0"}
    assert chosen(SelectParams(**params, fraction=0.33)) == {"a0", "b0"}
    # with the quota, too: bird would have been b0 and a2
    assert chosen(SelectParams(**params, fraction=0.5, quota="tag")) == {"a0", "b0", "c0"}


def test_a_frame_counts_under_its_rarest_tag() -> None:
    # Without a4 there are two frames of dogs and three of birds: a2 counts as dog-running.
    # dog: a0 > a2; bird: b0 > b2; car: c0
    regions = REGIONS[REGIONS["frame"] != 4]
    params = SelectParams(rule="ranked", scores=("colour_contrast",), quota="tag", fraction=0.6)
    assert select(FRAMES, regions, params).tolist() == [
        *(True, False, False),
        *(True, False, False),
        True,
    ]


def test_ranked_averages_several_scores() -> None:
    # cam: a2's dog leads with 13/14, a0 11/14; both scores: a0 12/14, a4 9/14, b0 8/14, and
    # a2 (12/14 + 2/14) / 2 = 7/14
    params = {"rule": "ranked", "scores": ("colour_contrast", "cam_agreement"), "fraction": 4 / 6}
    assert chosen(SelectParams(**params)) == {"a0", "a4", "b0", "a2"}


def test_tests_with_quota_cap_the_tags() -> None:
    params = SelectParams(rule="tests", scores=("colour_contrast",), quota="tag", fraction=0.4)
    # dog 1 of 2 frames (0.8 rounds to 1): a0 before a4; bird 1 of 3 (1.2): b2 alone passes; car 1
    assert chosen(params) == {"a0", "b2", "c0"}


def test_tests_with_a_share_of_each_video() -> None:
    params = {"rule": "tests", "scores": ("colour_contrast",), "fraction": 1}
    everything = chosen(SelectParams(rule="tests"))
    assert chosen(SelectParams(**params, video_share=1)) == everything
    fewer = chosen(SelectParams(**params, video_share=0.4))
    assert fewer < everything
    assert len({name[0] for name in fewer}) == len(fewer)  # one of each video
    with pytest.raises(ValidationError, match="needs scores"):
        SelectParams(rule="tests", video_share=0.4)


def test_random_is_a_fraction_and_follows_the_seed() -> None:
    params = SelectParams(rule="random", fraction=0.5)
    drawn = [chosen(params, seed) for seed in range(20)]
    assert all(len(names) == 3 for names in drawn)
    assert set().union(*drawn) == {"a0", "a2", "a4", "b0", "b2", "c0"}
    assert chosen(params, 7) == chosen(params, 7)
    quota = SelectParams(rule="random", fraction=0.5, quota="tag")
    for seed in range(10):
        names = chosen(quota, seed)
        assert "c0" in names
        assert len(names & {"a0", "a4"}) == 1
        assert len(names & {"a2", "b0", "b2"}) == 2


@pytest.mark.parametrize("rule", sorted(RULES))
@pytest.mark.parametrize("quota", ["none", "tag"])
def test_row_order_does_not_matter(rule: str, quota: str) -> None:
    params = SelectParams(rule=rule, quota=quota, scores=("cam_agreement",), fraction=0.5)
    expected = chosen(params, frames=MOTION)
    mixed = MOTION.sample(frac=1, random_state=1)
    regions = REGIONS.sample(frac=1, random_state=2)
    found = select(mixed, regions, params, 0)
    assert {f"{v}{f}" for v, f in mixed.loc[found, ["video", "frame"]].itertuples(index=False)} == (
        expected
    )


def test_nothing_passes_or_nothing_there() -> None:
    regions = REGIONS.assign(real=False, recognised=False)
    assert not select(FRAMES, regions, SelectParams(rule="tests")).any()
    none = REGIONS.iloc[:0]
    for rule in ("tests", "random", "ranked"):
        for quota in ("none", "tag"):
            params = SelectParams(rule=rule, scores=("cam_agreement",), quota=quota)
            assert not select(FRAMES, none, params).any()
    capped = SelectParams(rule="tests", scores=("cam_agreement",), quota="tag")
    assert not select(FRAMES, regions, capped).any()


def test_refuses() -> None:
    with pytest.raises(ValidationError, match="needs scores"):
        SelectParams(rule="ranked")
    with pytest.raises(ValidationError, match="fraction"):
        SelectParams(rule="random", fraction=1.2)
    with pytest.raises(InputError, match=r"'rii'.*measured are: cam_agreement, colour_contrast"):
        select(FRAMES, REGIONS, SelectParams(rule="tests", scores=("cam_agreement", "rii")))
    with pytest.raises(ValueError, match="missing"):
        select(FRAMES, REGIONS.drop(columns="real"), SelectParams(rule="tests"))
    with pytest.raises(ValueError, match="twice"):
        select(pd.concat([FRAMES, FRAMES[:1]]), REGIONS, SelectParams(rule="full"))
    with pytest.raises(ValueError, match="of another"):
        select(FRAMES[:3], REGIONS, SelectParams(rule="full"))


def test_the_rules_of_motion_by_hand() -> None:
    assert chosen(SelectParams(rule="motion"), frames=MOTION) == {"a0", "a2", "b2", "b4", "c0"}
    assert chosen(SelectParams(rule="motion_overlap"), frames=MOTION) == {"b2", "b4"}
    with pytest.raises(ValueError, match="expected frame columns"):
        chosen(SelectParams(rule="motion"))


def test_the_cues_that_scores_and_rules_look_at() -> None:
    plain = SelectParams(rule="ranked", scores=("colour_contrast", "rii"))
    assert plain.needed_cues() == {} and not plain.needs_flow
    maps = SelectParams(rule="ranked", scores=("cam_agreement",))
    assert maps.needed_cues() == {"actor": "the score cam_agreement"} and not maps.needs_flow
    for score in ("flow_agreement", "motion_agreement"):
        own = SelectParams(rule="ranked", scores=("colour_contrast", score))
        assert own.needed_cues() == {"flow": f"the score {score}"} and own.needs_flow
    for rule in ("motion", "motion_overlap"):
        moving = SelectParams(rule=rule)
        assert moving.needed_cues() == {"motion": f"the rule {rule}"} and not moving.needs_flow
    both = SelectParams(rule="motion", scores=("motion_agreement",))
    assert set(both.needed_cues()) == {"flow", "motion"} and both.needs_flow
    for other in (SelectParams(rule="full"), SelectParams(rule="random"), SelectParams()):
        assert other.needed_cues() == {} and not other.needs_flow


def test_what_asks_for_the_classifier() -> None:
    assert SelectParams().needed_classifier() == "the rule tests"
    asks = SelectParams(rule="ranked", scores=("classifier",))
    assert asks.needed_classifier() == "the score classifier"
    assert SelectParams(rule="ranked", scores=("rii",)).needed_classifier() is None


def test_realness_is_measured_by_the_tests_alone() -> None:
    SelectParams(rule="tests", video_share=0.5, scores=("realness",))
    with pytest.raises(ValidationError, match="only the rule tests measures realness, not ranked"):
        SelectParams(rule="ranked", scores=("realness",))


def test_an_unknown_score_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValidationError, match="unknown score sharpness; known: colour_contrast, "):
        SelectParams(rule="ranked", scores=("sharpness",))


def test_every_rule_of_motion_and_score_is_in_its_table() -> None:
    assert set(MOTION_RULES) < set(RULES)
    assert {s for s, score in SCORES.items() if score.needs} == {
        *("flow_agreement", "motion_agreement", "cam_agreement"),
    }
