"""Training curves on disk, as DVCLive writes and `dvc plots` reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dvclive.live import Live

Log = Callable[[Mapping[str, float]], None]


@contextmanager
def training_curves(folder: Path) -> Iterator[Log]:
    """A function that takes the values of each epoch, prints them and adds them to the curves.

    Nothing is written before the first values: of the processes of a training over several devices
    only one gets any.
    """
    with ExitStack() as stack:

        @cache
        def live() -> Live:
            from dvclive.live import Live  # only here: stages that do not train save its import

            return stack.enter_context(
                Live(
                    str(folder), dvcyaml=None, save_dvc_exp=False, report=None, monitor_system=False
                )
            )

        def log(values: Mapping[str, float]) -> None:
            print(" ".join(f"{name} {value:.3f}" for name, value in values.items()), flush=True)
            for name, value in values.items():
                live().log_metric(name, value)
            live().next_step()  # type: ignore[no-untyped-call]

        yield log
