from __future__ import annotations

import importlib
import os

import pytest

import stages
from benchmarks import small_matrices, waiting_threads


def test_the_table_takes_the_least_of_each() -> None:
    text = waiting_threads.table("spins", {"never": [0.3, 0.2], "5000": [0.15, 0.5]})
    assert [line.split() for line in text.splitlines()] == [
        ["spins", "ms", "ratio"],
        ["never", "200.0", "1.00"],
        ["5000", "150.0", "0.75"],
    ]


def test_a_step_is_measured_in_a_process_with_its_own_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GOMP_SPINCOUNT", "wrong")  # libgomp would say so on stderr
    arguments, setting = ["--steps", "2", "--threads", "1"], waiting_threads.SETTINGS["5000"]
    assert 0 < waiting_threads.measured(waiting_threads.MODULE, arguments, setting) < 60


@pytest.mark.parametrize("own", [None, "ACTIVE"])
def test_stages_use_a_measured_setting_or_the_users_own(
    monkeypatch: pytest.MonkeyPatch, own: str | None
) -> None:
    names = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
    for name in names:
        monkeypatch.setenv(name, "")  # so that it is put back
        monkeypatch.delenv(name)
    if own is not None:
        monkeypatch.setenv("OMP_WAIT_POLICY", own)
    importlib.reload(stages)
    used = {name: os.environ[name] for name in names if name in os.environ}
    if own is None:
        assert "GOMP_SPINCOUNT" in used and used in waiting_threads.SETTINGS.values()
    else:
        assert used == {"OMP_WAIT_POLICY": own}


def test_small_matrices_are_measured_with_each_setting() -> None:
    found = waiting_threads.in_turns(
        small_matrices.MODULE, ["--repeats", "1"], small_matrices.SETTINGS, 2, beside=False
    )
    assert {name: len(values) for name, values in found.items()} == {"a thread a core": 2, "1": 2}
    assert all(0 < value < 60 for values in found.values() for value in values)


@pytest.mark.parametrize("own", [None, "4"])
def test_linear_algebra_has_one_thread_or_the_users_own_number(
    monkeypatch: pytest.MonkeyPatch, own: str | None
) -> None:
    name = "OPENBLAS_NUM_THREADS"
    monkeypatch.setenv(name, "")  # so that it is put back
    monkeypatch.delenv(name)
    if own is not None:
        monkeypatch.setenv(name, own)
    importlib.reload(stages)
    assert os.environ[name] == (own or "1")
    assert {name: "1"} in small_matrices.SETTINGS.values()  # what is used has been measured
