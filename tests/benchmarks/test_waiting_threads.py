from __future__ import annotations

import os

import pytest

import stages  # noqa: F401  sets what the stages use
from benchmarks import waiting_threads


def test_the_table_takes_the_least_of_each() -> None:
    text = waiting_threads.table({"never": [0.3, 0.2], "5000": [0.15, 0.5]})
    assert [line.split() for line in text.splitlines()] == [
        ["spins", "ms", "ratio"],
        ["never", "200.0", "1.00"],
        ["5000", "150.0", "0.75"],
    ]


def test_a_step_is_measured_in_a_process_with_its_own_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GOMP_SPINCOUNT", "wrong")  # libgomp would say so on stderr
    arguments = ["--steps", "2", "--threads", "1"]
    assert 0 < waiting_threads.measured(arguments, waiting_threads.SETTINGS["5000"]) < 60


def test_the_setting_of_the_stages_is_among_the_measured() -> None:
    used = {k: os.environ[k] for k in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
    assert used in waiting_threads.SETTINGS.values()
