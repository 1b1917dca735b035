"""What the C library does with memory that was freed."""

import resource
import subprocess
import sys

import pytest

PAGES_OF_BLOCK = 64 * 2**20 // resource.getpagesize()
CHURN = f"""
import resource
import numpy as np
from pipeline.runtime.allocator import keep_freed_memory

kept = KEEP and keep_freed_memory()
np.ones({64 * 2**20}, np.uint8)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    np.ones({64 * 2**20}, np.uint8)
print(int(kept), resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(keep: bool) -> tuple[bool, int]:
    """In a process of its own: whether memory is kept, and faults of taking 64 MiB four times."""
    code = CHURN.replace("KEEP", str(keep))
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    kept, faults = said.stdout.split()
    return bool(int(kept)), int(faults)


def test_blocks_that_were_freed_are_used_again() -> None:
    kept, faults = page_faults(keep=True)
    if not kept:
        pytest.skip("the C library has no mallopt")
    assert faults < PAGES_OF_BLOCK / 4
    # without it each of the four takes its pages anew
    assert page_faults(keep=False)[1] > faults
