"""Load pretrained weights into a network, from a file or from torchvision."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from pydantic import model_validator
from torch import Tensor

from pipeline.networks.base import Network, State
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import Params

_log = logging.getLogger(__name__)

# The first published ImageNet weights, those that the papers start from; RAFT's with most data.
_TORCHVISION = {
    "raft_large": "Raft_Large_Weights.C_T_SKHT_V2",
    "resnet18": "ResNet18_Weights.IMAGENET1K_V1",
    "resnet50": "ResNet50_Weights.IMAGENET1K_V1",
    "vgg16": "VGG16_Weights.IMAGENET1K_V1",
}
_SHOWN = 3  # offending names in an error: enough to see which network the file is of


class WeightsParams(Params):
    """Where the weights of a network come from.

    Attributes:
        source: ``none`` (random initialisation), ``torchvision`` (its ImageNet weights, downloaded
            once into torch's own cache) or ``file``.
        path: a state dict written by ``torch.save``; with source ``file`` only.
    """

    source: Literal["none", "torchvision", "file"] = "none"
    path: str | None = None

    @model_validator(mode="after")
    def _path_goes_with_file(self) -> WeightsParams:
        if (self.source == "file") != (self.path is not None):
            raise ValueError("path must be given with source 'file' and with no other")
        return self


def load_weights(
    module: Network, params: WeightsParams, *, strict_except: Sequence[str] | None = None
) -> None:
    """Load weights into ``module`` in place.

    Args:
        module: the network; published names of its architecture are translated.
        params: where the weights come from.
        strict_except: name prefixes of layers that may be missing or have another shape, for
            instance the classification layer; they keep their initialisation, and the log says
            so. By default ``module.new_layers``.

    Raises:
        InputError: the file cannot be read, or is of another network; torchvision has no weights
            for this network, or cannot be reached.
    """
    if params.source == "none":
        return
    if params.source == "file":
        origin = str(params.path)
        state = read_state(origin)
    else:
        origin = f"torchvision {module.torchvision_name}"
        state = _download(module)
    exceptions = tuple(module.new_layers if strict_except is None else strict_except)
    _load(module, module.from_published(state), exceptions, origin)


def read_state(path: str) -> State:
    """Read a state dict without running any code in it; InputError if it is not one."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(f"{path}: no such weights file; check the path") from None
    except (OSError, EOFError, RuntimeError, ValueError, pickle.UnpicklingError) as error:
        first = (str(error).strip().splitlines() or ["no details"])[0]
        raise InputError(
            f"{path}: not a file of plain weights ({first}); save it with "
            "torch.save(model.state_dict(), path)"
        ) from None
    if not isinstance(state, Mapping) or not all(isinstance(v, Tensor) for v in state.values()):
        raise InputError(
            f"{path}: does not hold a state dict (names and tensors) alone; save it with "
            "torch.save(model.state_dict(), path)"
        )
    return dict(state)


def _download(module: Network) -> State:
    name = module.torchvision_name
    if name is None:
        raise InputError(
            f"torchvision has no weights for {type(module).__name__}; set source to none, or to "
            "file with a path"
        )
    import torchvision  # only here: it takes a second

    try:
        weights: Any = torchvision.models.get_weight(_TORCHVISION[name])
        return weights.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"cannot download torchvision's weights of {name} ({error}); connect to the network, "
            "or fetch the file elsewhere and set source to file with its path"
        ) from None


def _load(module: Network, state: State, exceptions: tuple[str, ...], origin: str) -> None:
    own = module.state_dict()
    # Files from before PyTorch 0.4.1 lack this counter, which no network here reads.
    missing = [k for k in own if k not in state and not k.endswith("num_batches_tracked")]
    unexpected = [k for k in state if k not in own]
    misshapen = [k for k in state if k in own and state[k].shape != own[k].shape]
    problems = [
        *_problem("lacks", missing, exceptions),
        *_problem("has the unknown", unexpected, exceptions),
        *_problem(
            "has another shape for",
            [f"{k} {_shape(state[k])} instead of {_shape(own[k])}" for k in misshapen],
            exceptions,
        ),
    ]
    if problems:
        raise InputError(
            f"{origin}: weights do not fit {type(module).__name__}: {'; '.join(problems)}; give "
            "the weights of this network, or set source to none"
        )
    kept = sorted({*missing, *misshapen})
    if kept:
        _log.info("%s: %s keep their initialisation", origin, ", ".join(kept))
    fitting = {k: v for k, v in state.items() if k in own and k not in misshapen}
    module.load_state_dict(fitting, strict=False)


def _problem(verb: str, names: list[str], exceptions: tuple[str, ...]) -> list[str]:
    """One clause for the names that no exception covers, or nothing."""
    names = [name for name in names if not name.startswith(exceptions)]
    if not names:
        return []
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return [f"it {verb} {', '.join(names[:_SHOWN])}{more}"]


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "scalar"
