from __future__ import annotations

import pickle

import numpy as np
import numpy.typing as npt
import pytest

from pipeline.training.kept import Kept


class Reader:
    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []

    def read(self, video: str, frame: int) -> npt.NDArray[np.uint8]:
        self.calls.append((video, frame))
        return np.full(10, frame, np.uint8)


def test_nothing_is_read_twice() -> None:
    reader = Reader()
    kept = Kept(reader.read)
    drawn = [kept("a", 1), kept("a", 2), kept("b", 1), kept("a", 2), kept("a", 1)]
    assert [int(array[0]) for array in drawn] == [1, 2, 1, 2, 1]
    assert reader.calls == [("a", 1), ("a", 2), ("b", 1)]


def test_what_comes_first_stays_within_the_limit() -> None:
    reader = Reader()
    kept = Kept(reader.read, limit=29)  # two arrays of 10 bytes, not three
    for frame in (1, 2, 3, 1, 2, 3):
        assert (kept("a", frame) == frame).all()
    assert [frame for _, frame in reader.calls] == [1, 2, 3, 3]


def test_an_array_cannot_be_changed_for_the_next_draw() -> None:
    array = Kept(Reader().read)("a", 1)
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 7


def test_processes_that_prepare_batches_can_have_it() -> None:
    kept = Kept(Reader().read)
    kept("a", 1)
    again = pickle.loads(pickle.dumps(kept))
    assert (again("a", 1) == 1).all() and again.read.__self__.calls == [("a", 1)]
