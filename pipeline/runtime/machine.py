"""Where the work runs: device, processes, threads.

Nothing here changes what is computed, beyond rounding, but for two: ``precision``, which the stages
that train declare as a parameter they depend on, and ``devices``, since batch norms in training see
the share of their device.
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
        threads: of one process: those of a training's arithmetic on the CPU, and those in which a
            trained network answers for several videos at once, on the CPU or the GPU.
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
    """The device on which a trained network answers: the GPU where one is asked for and there."""
    import torch

    if machine.accelerator == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda")
