"""The stages of the pipeline, one module each.

Waiting OpenMP threads spin for some microseconds, then sleep. A training step of a small network
starts hundreds of short parallel loops, and waking a sleeping thread for each takes a good part of
it; but on a machine whose cores are shared, threads that spin for long make a step many times
slower (``python -m benchmarks.waiting_threads``). The OpenMP library reads this when it is loaded,
so it stands here, before a stage imports torch. GNU's reads both (the first alone: never spin),
LLVM's and Intel's the first.
"""

import os

if "OMP_WAIT_POLICY" not in os.environ:
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    os.environ.setdefault("GOMP_SPINCOUNT", "5000")
