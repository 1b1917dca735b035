from pathlib import Path

import numpy as np
import pytest

from pipeline.prediction.alignment import AlignParams, align_actions, align_prediction
from pipeline.prediction.answer import Answer
from pipeline.prediction.read_evidence import Evidence
from tests.tiny import DOG, FLYING, TAXONOMY, WALKING, write_frames, write_superpixels

# Labels 1, 2: actor 1 (bird) flying, walking; 3, 4: actor 2 (dog) running, walking.
ACTOR_OF_LABEL = np.array([0, 1, 1, 2, 2], dtype=np.uint8)


def video(*frames: list[str]) -> np.ndarray:
    digits = {".": 0, "x": 255}
    return np.array(
        [[[digits.get(c, ord(c) - 48) for c in row] for row in frame] for frame in frames],
        dtype=np.uint8,
    )


def test_majority_of_pixels_over_the_track() -> None:
    given = video(["11....", "11...."], [".12...", ".22..."], ["..12..", "..11.."])
    # votes 1: 4 + 1 + 3, 2: 3 + 1
    expected = video(["11....", "11...."], [".11...", ".11..."], ["..11..", "..11.."])
    assert (align_actions(given, ACTOR_OF_LABEL) == expected).all()


def test_window_limits_the_poll() -> None:
    given = video(*[["11.."]] * 4, *[["22.."]] * 3)
    assert (align_actions(given, ACTOR_OF_LABEL) == video(*[["11.."]] * 7)).all()
    # window 1: frame 3 hears 2 + 2 for flying, 2 for walking; frame 4 the other way round
    assert (align_actions(given, ACTOR_OF_LABEL, window=1) == given).all()
    flicker = video(["11.."], ["22.."], ["11.."], ["22.."], ["22.."], ["22.."])
    expected = video(["11.."], ["11.."], ["22.."], ["22.."], ["22.."], ["22.."])
    # frame 0: 2 against 2, lower label; 1: flying 4 to 2; 2: walking 4 to 2
    assert (align_actions(flicker, ACTOR_OF_LABEL, window=1) == expected).all()


def test_two_birds_far_apart_keep_their_actions() -> None:
    given = video(
        ["11...22", "11...22"],
        ["12...22", "11...21"],
        ["11...22", "21...22"],
    )
    expected = video(*[["11...22", "11...22"]] * 3)
    assert (align_actions(given, ACTOR_OF_LABEL) == expected).all()


def test_touching_for_one_frame_does_not_join_two_tracks() -> None:
    given = video(
        ["111...22", "111...22"],
        ["111...22", "111...22"],
        ["11112222", "111.1222"],
        ["111...22", "111...22"],
        ["111...22", "111...22"],
    )
    found = align_actions(given, ACTOR_OF_LABEL)
    apart = [0, 1, 3, 4]
    assert (found[apart] == given[apart]).all()
    assert set(np.unique(found[2])) == {0, 1}  # one component: one action while they touch


def test_actors_are_followed_apart() -> None:
    given = video(["1133"], ["1134"], ["2133"])
    expected = video(["1133"], ["1133"], ["1133"])
    assert (align_actions(given, ACTOR_OF_LABEL) == expected).all()


def test_an_actor_is_not_linked_to_another_actor_in_its_place() -> None:
    given = video(["22..", "22.."], ["44..", "44.."], ["33..", "3..."])
    expected = video(["22..", "22.."], ["44..", "44.."], ["44..", "4..."])
    assert (align_actions(given, ACTOR_OF_LABEL) == expected).all()


def test_the_largest_iou_is_followed_not_the_largest_overlap() -> None:
    # The small bird overlaps the big one in 2 pixels (IoU 2/14), its own next one in 1 (IoU 1/4).
    given = video(
        ["......", "222...", "..2...", "......"],
        ["......", "2.1111", "..1111", "..1111"],
        ["......", "1.1111", "..1111", "..1111"],
    )
    # small track: 4 + 1 for walking, 1 for flying
    expected = given.copy()
    expected[2, 1, 0] = 2
    assert (align_actions(given, ACTOR_OF_LABEL) == expected).all()


def test_ignore_and_empty_frames_stay() -> None:
    given = video(["1x."], ["..."], ["2x."])
    assert (align_actions(given, ACTOR_OF_LABEL) == given).all()  # the gap ends the track
    assert not align_actions(np.zeros((2, 3, 4), np.uint8), ACTOR_OF_LABEL).any()


def test_input_is_left_alone_and_foreground_stays() -> None:
    rng = np.random.default_rng(0)
    given = np.kron(rng.integers(0, 5, (5, 6, 8)), np.ones((1, 3, 3))).astype(np.uint8)
    before = given.copy()
    found = align_actions(given, ACTOR_OF_LABEL, window=2)
    assert (given == before).all()
    assert (found != given).any()
    assert (ACTOR_OF_LABEL[found] == ACTOR_OF_LABEL[given]).all()


def test_refuses() -> None:
    with pytest.raises(ValueError, match=r"T H W, received shape \(3, 4\)"):
        align_actions(np.zeros((3, 4), np.uint8), ACTOR_OF_LABEL)
    with pytest.raises(ValueError, match="below 5 or 255"):
        align_actions(np.full((1, 3, 4), 5, np.uint8), ACTOR_OF_LABEL)


def test_a_prediction_is_aligned(tmp_path: Path) -> None:
    """Two frames of three vote for flying; the dog beside keeps what it does."""
    frames = write_frames(tmp_path / "frames")
    regions = write_superpixels(tmp_path / "superpixels", frames)
    fly, walk, dog = (TAXONOMY.label(t) for t in (FLYING, WALKING, DOG))
    labels = np.zeros((3, 32, 40), np.uint8)
    labels[:, 0:8, 0:8] = np.array([fly, fly, walk])[:, None, None]
    labels[0, 20:24, 20:24] = dog
    margin = np.where(labels > 0, 1.0, -1.0).astype(np.float32)
    evidence = Evidence(frames, "c", [0, 1, 2], regions, tags_known=False)
    found = align_prediction(Answer(margin, labels), evidence, AlignParams()).labels()
    expected = labels.copy()
    expected[2, 0:8, 0:8] = fly
    assert np.array_equal(found, expected)
