"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[1]


def pytest_configure() -> None:
    """Test processes beside each other (pytest-xdist) compute in one thread each."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        torch.set_num_threads(1)


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Folder beside the project with pretrained weights and real clips; most machines lack it."""
    path = ROOT.parent / "shared"
    if not (path / "weights").is_dir():
        pytest.skip("pretrained weights and real clips are not on this machine (../shared)")
    return path


@pytest.fixture(autouse=True)
def _fixed_seed() -> None:
    torch.manual_seed(0)
