"""The stages of the pipeline, one module each.

Waiting OpenMP threads sleep instead of spinning: on a machine whose cores are shared, spinning
makes a training step many times slower. libgomp reads this when it is loaded, so it stands here,
before a stage imports torch.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
