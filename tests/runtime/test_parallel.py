from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest
import torch

from pipeline.runtime.errors import InputError
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.parallel import parallel_map, thread_map


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


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_threads_compute_alone_and_in_the_order_of_the_items(threads: int) -> None:
    together = threading.Barrier(threads, timeout=20)

    def square(number: int) -> tuple[int, int, int]:
        if number < threads:
            together.wait()  # as many at once as torch had threads
        time.sleep(0.1 if number == 0 else 0.0)
        return number**2, torch.get_num_threads(), threading.get_ident()

    found = list(thread_map(square, iter(range(7))))
    assert torch.get_num_threads() == threads
    assert [result for result, _, _ in found] == [0, 1, 4, 9, 16, 25, 36]
    assert {own for _, own, _ in found} == {1}
    assert threading.get_ident() not in {thread for _, _, thread in found}
    assert list(thread_map(square, [])) == []


def test_threads_run_little_ahead(threads: int) -> None:
    begun: list[int] = []
    results = thread_map(begun.append, range(100))
    next(results)
    assert len(begun) <= 2 * threads + 1
    results.close()  # type: ignore[attr-defined]
    assert torch.get_num_threads() == threads


def test_an_input_error_in_a_thread_reaches_the_caller_and_ends_the_work(threads: int) -> None:
    done: list[int] = []

    def fails(number: int) -> None:
        if number == 0:
            raise InputError("video 'b' is damaged")
        done.append(number)

    with pytest.raises(InputError, match=r"^video 'b' is damaged$"):
        list(thread_map(fails, range(200)))
    assert len(done) < 100 and torch.get_num_threads() == threads
