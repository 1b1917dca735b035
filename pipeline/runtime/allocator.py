"""What the C library does with memory that was freed."""

from __future__ import annotations

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # mallopt(3)
GIB = 2**30


def keep_freed_memory() -> bool:
    """Keep blocks of up to 1 GiB that were freed, and at most 2 GiB of them, for the next use.

    A training step frees and takes the same large tensors again and again. glibc gives each of
    them back to the system, which hands it out anew page by page, filled with zeros, and a step on
    a CPU waits for it. Nothing that is computed changes.

    Returns:
        Whether the C library took it; others than glibc on Linux are left alone.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # musl
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, GIB) and mallopt(M_TRIM_THRESHOLD, 2 * GIB - 1))
