from __future__ import annotations

import os
import time

import pytest

from pipeline.runtime.errors import InputError
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.parallel import parallel_map


def slow_first(number: int) -> tuple[int, int]:
    time.sleep(0.3 if number == 0 else 0.0)
    return number**2, os.getpid()


def picky(name: str) -> str:
    if name == "b":
        raise InputError(f"video {name!r} is damaged")
    return name


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_the_order_of_the_items(jobs: int) -> None:
    found = parallel_map(slow_first, iter(range(7)), MachineParams(jobs=jobs), "squares")
    assert [square for square, _ in found] == [0, 1, 4, 9, 16, 25, 36]
    in_other_processes = {pid for _, pid in found} - {os.getpid()}
    assert bool(in_other_processes) == (jobs > 1)


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_input_error_in_a_worker_reaches_the_caller(jobs: int) -> None:
    with pytest.raises(InputError, match=r"^video 'b' is damaged$"):
        parallel_map(picky, ["a", "b", "c"], MachineParams(jobs=jobs), "videos")


def test_nothing_to_do() -> None:
    assert parallel_map(picky, [], MachineParams(), "videos") == []
