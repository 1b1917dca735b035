"""Where the work runs: device, processes, threads.

Nothing here changes results beyond rounding, with two exceptions: ``precision``, which the training
stages declare as a dependency, and ``devices``, since in training a batch norm sees only the
samples of its own device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from pipeline.runtime.params import Params

if TYPE_CHECKING:
    import torch


class MachineParams(Params):
    """The ``machine`` section.

    Attributes:
        accelerator: as in Lightning Fabric; ``auto`` takes a GPU where there is one.
        devices: number of devices that training is spread over (DDP when more than one).
        precision: as in Lightning Fabric.
        threads: per process: CPU threads of a training, and threads that run inference on several
            videos at once, on the CPU or the GPU.
        jobs: processes of the map over videos.
        backend: ``loky`` for processes on this machine, ``dask`` for a cluster.
        scheduler: address of the Dask scheduler, ``null`` for a local one.
        workers: processes that prepare training batches; 0 takes a thread of the training process.
    """

    accelerator: Literal["cpu", "cuda", "auto"] = "cpu"
    devices: int = Field(1, ge=1)
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    threads: int = Field(2, ge=1)
    jobs: int = Field(2, ge=1)
    backend: Literal["loky", "dask"] = "loky"
    scheduler: str | None = None
    workers: int = Field(0, ge=0)


def device_of_inference(machine: MachineParams) -> torch.device:
    """The device for inference: the GPU if one is asked for and available."""
    import torch

    if machine.accelerator == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda")
