"""The stages of the pipeline, one module each.

What stands here is read by the libraries when they are loaded, before a stage imports them.

Waiting OpenMP threads spin for some microseconds, then sleep. A training step of a small network
starts hundreds of short parallel loops, and waking a sleeping thread for each takes a good part of
it; but on a machine whose cores are shared, threads that spin for long make a step many times
slower (``python -m benchmarks.waiting_threads``). GNU's OpenMP reads both (the first alone: never
spin), LLVM's and Intel's the first.

NumPy's and SciPy's linear algebra is of small matrices here, 3 x 3 in a colour mixture. OpenBLAS
shares even these among its threads; where another process has a core, they wait for each other
longer than they compute (``python -m benchmarks.small_matrices --beside``), and where none has, one
thread is as fast. Torch and OpenCV have threads of their own.
"""

import os

if "OMP_WAIT_POLICY" not in os.environ:
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    os.environ.setdefault("GOMP_SPINCOUNT", "5000")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
