"""Maps over videos: processes on this machine or a Dask cluster, and threads for networks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import joblib

from pipeline.runtime.machine import MachineParams
from pipeline.runtime.progress import progress

T = TypeVar("T")
R = TypeVar("R")


def parallel_map(
    function: Callable[[T], R], items: Iterable[T], machine: MachineParams, what: str
) -> list[R]:
    """Results of ``function`` in the order of ``items``.

    Processes, not threads: each keeps its own single-threaded numerical libraries, and two of them
    do not fight for cores. ``function`` and its results must be picklable.

    Args:
        function: applied to each item.
        items: usually the videos.
        machine: how many processes, and where.
        what: shown beside the progress bar.
    """
    work = list(items)
    if machine.backend == "dask":
        return _with_dask(function, work, machine, what)
    parallel = joblib.Parallel(n_jobs=min(machine.jobs, max(len(work), 1)), return_as="generator")
    return _collect(parallel(joblib.delayed(function)(item) for item in work), len(work), what)


def thread_map(function: Callable[[T], R], items: Iterable[T], what: str) -> list[R]:
    """Results of ``function`` in the order of ``items``, for work that is mostly network inference.

    Torch releases Python's global lock, and threads share one copy of the network, which every
    process would have to load. There are as many threads as torch is set to use, and each computes
    single-threaded: frames are small, and splitting one among threads is slower. So their number
    changes nothing, not even rounding.

    Args:
        function: applied to each item.
        items: usually the videos.
        what: shown beside the progress bar.
    """
    import torch  # takes seconds, which stages without networks save

    work, threads = list(items), torch.get_num_threads()
    try:
        with ThreadPoolExecutor(
            threads, initializer=torch.set_num_threads, initargs=(1,)
        ) as pool:  # an error ends the map and cancels what has not begun
            return _collect(pool.map(function, work), len(work), what)
    finally:
        torch.set_num_threads(threads)


def _with_dask(
    function: Callable[[T], R], work: list[T], machine: MachineParams, what: str
) -> list[R]:
    from distributed import Client  # an optional dependency: wsvaas[cluster]

    local = {} if machine.scheduler else {"n_workers": machine.jobs, "threads_per_worker": 1}
    with (
        Client(machine.scheduler, **local) as client,
        joblib.parallel_backend("dask", client=client),
    ):
        results: Any = joblib.Parallel()(joblib.delayed(function)(item) for item in work)
        return _collect(results, len(work), what)


def _collect(results: Iterable[R], total: int, what: str) -> list[R]:
    return list(progress(results, what, total))
