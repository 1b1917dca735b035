import numpy as np
import pytest

from pipeline.datasets.taxonomy import taxonomy_of
from pipeline.initial_pa.map_labels import UNKNOWN, TaggedPair, assign_labels, shown_labels
from pipeline.vision.otsu import BinariseParams
from pipeline.vision.superpixel_refinement import RefineParams, refine_labels

FIXED = BinariseParams(variant="fixed", threshold=0.5)
# A strip of 1 x 6 pixels: a bird's map, a dog's map, flying and walking.
BIRD = [0.9, 0.8, 0.1, 0.9, 0.6, 0.0]
DOG = [0.0, 0.2, 0.1, 0.3, 0.7, 0.0]
FLYING = [0.8, 0.3, 0.6, 0.1, 0.2, 0.1]
WALKING = [0.1, 0.4, 0.2, 0.9, 0.3, 0.0]


def strip(*maps: list[float]) -> np.ndarray:
    return np.array(maps, dtype=np.float32)[:, None, :]


def test_one_tag_is_the_union() -> None:
    found = assign_labels(
        strip(BIRD), strip(FLYING), [TaggedPair(5, 0, 0)], "actor_and_action", FIXED
    )
    assert found.dtype == np.uint8
    assert found.tolist() == [[5, 5, 5, 5, 5, 0]]


def test_cues_by_hand() -> None:
    pair = [TaggedPair(5, 0, 0)]
    assert assign_labels(strip(BIRD), strip(FLYING), pair, "actor", FIXED).tolist() == [
        [5, 5, 0, 5, 5, 0]
    ]
    assert assign_labels(strip(BIRD), strip(FLYING), pair, "action", FIXED).tolist() == [
        [5, 0, 5, 0, 0, 0]
    ]
    assert assign_labels(strip(BIRD), None, pair, "actor", FIXED).tolist() == [[5, 5, 0, 5, 5, 0]]


def test_pairs_that_share_the_actor_go_by_action() -> None:
    pairs = [TaggedPair(9, 0, 1), TaggedPair(4, 0, 0)]  # bird-walking, bird-flying
    found = assign_labels(strip(BIRD), strip(FLYING, WALKING), pairs, "actor_and_action", FIXED)
    # flying > walking at 0 and 2 only; pixel 5 is in no mask
    assert found.tolist() == [[4, 9, 4, 9, 9, 0]]


def test_pairs_that_share_the_action_go_by_actor() -> None:
    pairs = [TaggedPair(7, 1, 0), TaggedPair(4, 0, 0)]  # dog-flying, bird-flying
    found = assign_labels(strip(BIRD, DOG), strip(FLYING), pairs, "actor_and_action", FIXED)
    # at 2 both actors answer the same: lower label
    assert found.tolist() == [[4, 4, 4, 4, 7, 0]]


def test_sums_decide_between_unrelated_pairs() -> None:
    pairs = [TaggedPair(4, 0, 0), TaggedPair(7, 1, 1)]  # bird-flying, dog-walking
    found = assign_labels(
        strip(BIRD, DOG), strip(FLYING, WALKING), pairs, "actor_and_action", FIXED
    )
    # sums 1.7 .1 | 1.1 .6 | .7 .3 | 1.0 1.2 | .8 1.0
    assert found.tolist() == [[4, 4, 4, 7, 7, 0]]


def test_untagged_maps_do_not_matter() -> None:
    found = assign_labels(
        strip(DOG, BIRD), strip(WALKING, FLYING), [TaggedPair(1, 0, 1)], "actor_and_action", FIXED
    )
    assert found.tolist() == [[1, 0, 1, 0, 1, 0]]


def test_no_tags() -> None:
    assert not assign_labels(strip(BIRD), strip(FLYING), [], "actor_and_action", FIXED).any()


def blob(row: float, column: float) -> np.ndarray:
    rows, columns = np.mgrid[:48, :64]
    return np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 60)


def test_walking_and_flying_birds_become_two_regions() -> None:
    flying, walking = blob(12, 14), blob(34, 48)
    bird = np.maximum(flying, 0.8 * walking)
    rows, columns = np.mgrid[:48, :64]
    superpixels = (rows // 4 * 16 + columns // 4).astype(np.int32)
    initial = assign_labels(
        bird[None],
        np.stack([0.3 * walking + flying, walking]),
        [TaggedPair(2, 0, 0), TaggedPair(3, 0, 1)],
        "actor_and_action",
        BinariseParams(variant="otsu_twice"),
    )
    found = refine_labels(initial, superpixels, RefineParams(), 4)
    assert found[12, 14] == 2
    assert found[34, 48] == 3
    assert set(np.unique(found[:, :31])) == {0, 2}
    assert set(np.unique(found[:, 31:])) == {0, 3}
    blocks = found.reshape(12, 4, 16, 4)
    assert (blocks == blocks[:, :1, :, :1]).all()  # follows the superpixels
    assert 0.02 < (found > 0).mean() < 0.3


def test_refuses() -> None:
    pair = [TaggedPair(5, 0, 0)]
    with pytest.raises(ValueError, match="need action maps"):
        assign_labels(strip(BIRD), None, pair, "action", FIXED)
    with pytest.raises(ValueError, match=r"A H W, received shape \(1, 6\)"):
        assign_labels(strip(BIRD)[0], strip(FLYING), pair, "actor", FIXED)
    with pytest.raises(ValueError, match=r"received shape \(1, 1, 5\)"):
        assign_labels(strip(BIRD), strip(FLYING)[..., :5], pair, "actor", FIXED)


def test_labels_of_what_is_shown() -> None:
    tags = [("bird", "flying"), ("bird", "walking"), ("cat", "none"), ("dog", "walking")]
    taxonomy = taxonomy_of(tags)  # labels 1 to 4 in this order
    # tagged: each tag of the actor; not tagged: its only pair, or nobody knows which
    shown = shown_labels(["dog", "cat"], [tags[3], tags[0]], taxonomy)
    assert shown == [(("cat", UNKNOWN), 3), (tags[3], 4)]
    assert shown_labels(["bird"], [tags[1], tags[0]], taxonomy) == [(tags[0], 1), (tags[1], 2)]
    assert shown_labels(["bird"], [tags[3]], taxonomy) == [(("bird", UNKNOWN), 255)]
    assert shown_labels([], tags, taxonomy) == []
