"""The contract of a cue: what it is made from, and how it is made for all videos."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.artifacts.cues import Cues
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.models import Model
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.params import Params


class CueInputs(NamedTuple):
    """What cues are made from.

    Attributes:
        frames: of all videos.
        cues: those that this one needs.
        classifier: the one whose maps are computed; None for a cue that uses none.
    """

    frames: Frames
    cues: Cues
    classifier: Model | None


Compute = Callable[[CueInputs, Any, MachineParams, Path], None]
Check = Callable[[Any, Mapping[str, Any]], None]


def no_rule(params: Params, others: Mapping[str, Params]) -> None:
    """The ``check`` of a cue that accepts any parameters of the cues it needs."""


@dataclass(frozen=True)
class Cue:
    """A cue.

    Attributes:
        params: the model of its parameters.
        compute: writes its artifact from the inputs, its parameters, the machine and a folder.
        needs: names of the cues that it is made from.
        classifier: the branch whose classifier it uses; None for none.
        check: refuses parameters of the needed cues that do not fit, by an InputError of one line;
            takes its own parameters and those of the cues that it needs, by name.
    """

    params: type[Params]
    compute: Compute
    needs: tuple[str, ...] = ()
    classifier: str | None = None
    check: Check = no_rule
