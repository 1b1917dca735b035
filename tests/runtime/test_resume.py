from __future__ import annotations

from pathlib import Path

import pytest
import torch

from pipeline.runtime.resume import WorkFolder, fingerprint

KEY = {"seed": 3, "params": {"lr": 0.1, "crop": (2, 3)}, "inputs": "abc"}


def test_round_trip_and_clear(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path / ".work", KEY)
    assert not (tmp_path / ".work").exists()  # nothing happens in a constructor
    assert work.load() is None
    work.save({"w": torch.arange(3), "epochs": [{"loss": 0.5}]})
    work.save({"w": torch.arange(4), "epochs": [{"loss": 0.5}, {"loss": 0.25}]})
    again = WorkFolder(tmp_path / ".work", dict(reversed(KEY.items()))).load()
    assert again is not None and again["w"].tolist() == [0, 1, 2, 3]
    assert again["epochs"] == [{"loss": 0.5}, {"loss": 0.25}]
    work.clear()
    assert work.load() is None and list((tmp_path / ".work").iterdir()) == []
    work.clear()


@pytest.mark.parametrize(
    "change", [{"seed": 4}, {"inputs": "abd"}, {"params": {"lr": 0.2, "crop": (2, 3)}}]
)
def test_a_change_of_the_key_finds_nothing(tmp_path: Path, change: dict[str, object]) -> None:
    WorkFolder(tmp_path, KEY).save({"w": torch.ones(1)})
    assert WorkFolder(tmp_path, {**KEY, **change}).load() is None


def test_killed_while_saving_keeps_the_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = WorkFolder(tmp_path, KEY)
    work.save({"epoch": 1})

    def half(value: object, path: Path) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(KeyboardInterrupt):
        work.save({"epoch": 2})
    assert work.load() == {"epoch": 1}


def test_fingerprint_sees_names_and_content(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two / "inner"):
        folder.mkdir(parents=True)
        (folder / "file").write_text("x")
    before = fingerprint(one, two)
    assert fingerprint(one, two) == before != fingerprint(one)
    (two / "inner" / "file").write_text("xy")
    changed = fingerprint(one, two)
    assert changed != before
    (two / "inner" / "file").rename(two / "inner" / "other")
    assert fingerprint(one, two) not in (before, changed)
