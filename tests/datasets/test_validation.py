from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from pipeline.datasets.validation import check_validation, split_validation
from pipeline.datasets.video import Split, Video
from pipeline.runtime.errors import InputError


def tagged(groups: dict[str, int], split: str = "train") -> list[Video]:
    videos = []
    for name, size in groups.items():
        tags = frozenset({(name[0], "none")} if name != "empty" else ())
        videos += [Video(f"{name}{i:04}", tags, split, Path("x")) for i in range(size)]  # type: ignore[arg-type]
    return videos


def validation_counts(videos: tuple[Video, ...] | list[Video]) -> dict[str, int]:
    return dict(Counter(v.id[:-4] for v in videos if v.split == "val"))


def test_validation_takes_its_share_of_each_tag_set() -> None:
    # Shares of 25 %: 2.5, 1.75, 0.75, 1: rounded down 2, 1, 0, 1; round(6.0) = 6 leaves 2, which
    # go to the largest remainders: b (0.75) and the videos without tags (0.75).
    videos = tagged({"a": 10, "b": 7, "empty": 3, "d": 4})
    split = split_validation(videos, 0.25, 0)
    assert validation_counts(split) == {"a": 2, "b": 2, "empty": 1, "d": 1}
    assert [v.id for v in split] == [v.id for v in videos]


def test_validation_keeps_a_train_video_of_each_tag_set_where_it_can() -> None:
    # Shares of 40 %: 0.4 each for three single videos, 2.0 for five: round(3.2) = 3, one more.
    split = split_validation(tagged({"a": 1, "b": 1, "c": 1, "d": 5}), 0.4, 0)
    assert validation_counts(split) == {"d": 3}


def test_validation_split_of_a2d_has_the_size_of_the_paper() -> None:
    sizes = {chr(97 + i): 70 for i in range(23)} | {chr(65 + i): 57 for i in range(25)} | {"z": 1}
    videos = tagged(sizes)
    assert len(videos) == 3036
    split = split_validation(videos, 288 / 3036, 0)
    assert Counter(v.split for v in split) == {"train": 2748, "val": 288}


@pytest.mark.parametrize("fraction", [0.0, 0.01, 0.37, 0.5, 0.99, 1.0])
def test_validation_is_exact_and_spares_other_splits(fraction: float) -> None:
    videos = tagged({"a": 13, "b": 8, "c": 1}) + tagged({"e": 5}, "test") + tagged({"f": 4}, "val")
    split = split_validation(videos, fraction, 3)
    assert sum(v.split == "val" for v in split) == 4 + round(fraction * 22)
    assert sum(v.split == "test" for v in split) == 5


def test_validation_depends_on_the_seed_only() -> None:
    videos = tagged({"a": 30, "b": 20})
    first = {v.id: v.split for v in split_validation(videos, 0.3, 1)}
    assert {v.id: v.split for v in split_validation(videos[::-1], 0.3, 1)} == first
    assert {v.id: v.split for v in split_validation(videos, 0.3, 2)} != first
    # Not simply the first ones of each group.
    assert {n for n, s in first.items() if s == "val"} != {
        *(f"a{i:04}" for i in range(9)),
        *(f"b{i:04}" for i in range(6)),
    }


def test_validation_refuses_impossible_fractions() -> None:
    with pytest.raises(ValueError, match=r"fraction of 0\.\.1"):
        split_validation([], 1.5, 0)


def test_validation_must_not_show_what_training_lacks() -> None:
    def video(name: str, tag: tuple[str, str], split: Split) -> Video:
        return Video(name, frozenset({tag}), split, Path(name))

    known = [video("a", ("dog", "running"), "train"), video("b", ("cat", "walking"), "train")]
    check_validation([*known, video("c", ("dog", "walking"), "val")])
    with pytest.raises(InputError, match=r"'c'.*actor 'bird'"):
        check_validation([*known, video("c", ("bird", "running"), "val")])
    with pytest.raises(InputError, match=r"'c'.*action 'flying'"):
        check_validation([*known, video("c", ("dog", "flying"), "val")])
