from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from pipeline.runtime.errors import InputError
from pipeline.runtime.parallel import thread_map


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def threads_of_a_new_thread() -> int:
    """What a thread that starts now computes with: torch remembers the last number set anywhere."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(torch.get_num_threads).result()


def test_threads_compute_alone_and_in_the_order_of_the_items(threads: int) -> None:
    together = threading.Barrier(threads, timeout=20)

    def square(number: int) -> tuple[int, int, int]:
        if number < threads:
            together.wait()  # as many at once as torch had threads
        time.sleep(0.1 if number == 0 else 0.0)
        return number**2, torch.get_num_threads(), threading.get_ident()

    found = thread_map(square, iter(range(7)), "squares")
    assert torch.get_num_threads() == threads_of_a_new_thread() == threads
    assert [result for result, _, _ in found] == [0, 1, 4, 9, 16, 25, 36]
    assert {own for _, own, _ in found} == {1}
    assert threading.get_ident() not in {thread for _, _, thread in found}
    assert thread_map(square, [], "squares") == []


def test_an_input_error_in_a_thread_reaches_the_caller_and_ends_the_work(threads: int) -> None:
    done: list[int] = []

    def fails(number: int) -> None:
        if number == 0:
            raise InputError("video 'b' is damaged")
        time.sleep(0.01)
        done.append(number)

    with pytest.raises(InputError, match=r"^video 'b' is damaged$"):
        thread_map(fails, range(200), "videos")
    assert len(done) < 100 and threads_of_a_new_thread() == threads
