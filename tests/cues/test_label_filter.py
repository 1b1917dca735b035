from __future__ import annotations

import pandas as pd
import pytest

from pipeline.cues.label_filter import find_samples, label_sets

TAGS = {
    "horse": frozenset({"horse"}),
    "cat": frozenset({"cat"}),
    "two": frozenset({"cat", "horse"}),
}


def table(video: str, **scores: list[float]) -> pd.DataFrame:
    """Frames 3, 6, 9, ... of one video; classes that are not given have the score 0."""
    count = len(next(iter(scores.values())))
    columns = {name: scores.get(name, [0.0] * count) for name in ("cat", "horse", "person")}
    return pd.DataFrame({"video": video, "frame": [3 * i + 3 for i in range(count)], **columns})


def samples(scores: pd.DataFrame, length: int = 2) -> list[tuple[str, list[int], list[str], float]]:
    found = find_samples(scores, TAGS, length, 0.9)
    return [(r["video"], r["frames"], r["classes"], r["fit"]) for r in found.to_dict("records")]


def test_label_sets_are_strictly_above_tau() -> None:
    scores = table("horse", horse=[0.9, 0.91], person=[0.95, 0.2])
    assert label_sets(scores, 0.9) == [{"person"}, {"horse"}]


def test_successive_frames_with_one_set_of_classes() -> None:
    #               3     6     9     12    15
    horse = [0.95, 0.99, 0.93, 0.80, 0.95]
    person = [0.10, 0.95, 0.92, 0.95, 0.10]
    # 3 has another set than 6, 12 no horse; the person, whom no tag names, is kept
    (found,) = samples(table("horse", horse=horse, person=person))
    assert found[:3] == ("horse", [6, 9], ["horse", "person"])
    assert found[3] == pytest.approx((0.99 + 0.95 + 0.93 + 0.92) / 4)
    assert samples(table("horse", horse=horse, person=person), length=3) == []


def test_the_tag_must_be_among_the_classes() -> None:
    assert samples(table("cat", horse=[0.95, 0.95, 0.95])) == []
    assert samples(table("two", horse=[0.95, 0.95]))[0][2] == ["horse"]  # one of the tags is enough
    assert samples(table("cat", cat=[0.5, 0.5])) == []


def test_the_best_fit_of_several_and_the_first_of_equals() -> None:
    rising = table("cat", cat=[0.91, 0.92, 0.97, 0.96])
    assert samples(rising)[0][1] == [9, 12]
    assert samples(table("cat", cat=[0.95, 0.95, 0.95]))[0][1] == [3, 6]


def test_one_sample_for_each_video_and_videos_do_not_run_into_each_other() -> None:
    both = pd.concat(
        [table("horse", horse=[0.95]), table("cat", cat=[0.95, 0.95, 0.99]), table("two", cat=[1])]
    )
    shuffled = both.sample(frac=1, random_state=1)
    assert [(v, f) for v, f, _, _ in samples(shuffled)] == [("cat", [6, 9])]
    assert [v for v, *_ in samples(both, length=1)] == ["cat", "horse", "two"]


def test_no_frames() -> None:
    empty = table("cat", cat=[])
    assert find_samples(empty, TAGS, 2, 0.9).columns.tolist() == [
        "video",
        "frames",
        "classes",
        "fit",
    ]


def test_refuses() -> None:
    scores = table("cat", cat=[0.95, 0.95])
    with pytest.raises(ValueError, match="at least 1, received 0"):
        find_samples(scores, TAGS, 0, 0.9)
    with pytest.raises(ValueError, match="once"):
        find_samples(pd.concat([scores, scores]), TAGS, 2, 0.9)
    with pytest.raises(ValueError, match="none of cat"):
        find_samples(scores, {}, 2, 0.9)
