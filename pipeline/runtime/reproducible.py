"""Equal seeds give equal bytes on the same machine."""

from __future__ import annotations

import hashlib
import os
import random

import cv2
import numpy as np
from threadpoolctl import threadpool_limits


def make_reproducible(seed: int, threads: int) -> None:
    """Seed every generator, choose deterministic algorithms, fix the number of threads.

    The number of threads matters: sums are split by thread, which changes their rounding.
    """
    import torch  # takes seconds, and stages that only derive seeds save them

    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002  libraries that draw from the global state
    torch.manual_seed(seed)
    # use_deterministic_algorithms(True) is the same, but imports the compiler, which takes a second
    torch.set_deterministic_debug_mode("error")
    # memory need not be filled before something is written there; it takes time at every step
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False
    torch.set_num_threads(threads)
    cv2.setNumThreads(1)
    threadpool_limits(1, user_api="blas")  # NumPy's and SciPy's, whose matrices are small here


def derive_seed(*parts: object) -> int:
    """A seed (0..2**63-1) from anything with a stable text form, e.g. seed, stage, video."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
