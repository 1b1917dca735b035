from __future__ import annotations

import logging
from importlib.metadata import version

import pytest

from pipeline.runtime import versions


def test_versions_of_what_is_installed() -> None:
    assert versions.library_versions()["torch"] == version("torch")
    assert set(versions.library_versions()) == {"torch", "opencv", "scikit-image"}


def test_other_versions_are_said_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "parent_process", lambda: None)
    monkeypatch.setattr(versions, "_warned", set())
    own = versions.library_versions()
    with caplog.at_level(logging.WARNING):
        versions.warn_of_other_versions(own, "data/a")
        versions.warn_of_other_versions({}, "data/a")  # of an older layout: nobody knows
        assert not caplog.messages
        for folder in ("data/a", "data/b"):
            versions.warn_of_other_versions(own | {"torch": "1.0"}, folder)
    (message,) = caplog.messages
    assert f"data/a was made with torch 1.0 (here {own['torch']})" in message
