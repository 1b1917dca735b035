from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch

from pipeline.artifacts.models import (
    read_description,
    read_history,
    read_state,
    write_absent_model,
    write_model,
)
from pipeline.runtime.errors import InputError

STATE = {"w": torch.arange(6.0).reshape(2, 3).t(), "n": torch.tensor(7)}
OTHER = {"w": torch.ones(3, 2), "n": torch.tensor(8)}


def write(folder: Path) -> Path:
    write_model(folder, {"classes": ["a", "b"]}, {"best": {}}, {"ric": STATE, "miou_pa": OTHER})
    return folder


def test_round_trip(tmp_path: Path) -> None:
    folder = write(tmp_path / "models" / "m")
    assert read_description(folder) == {"classes": ["a", "b"]}
    assert read_history(folder) == {"best": {}}
    for criterion, state in (("ric", STATE), ("miou_pa", OTHER)):
        found = read_state(folder, criterion)
        assert all(torch.equal(found[k], state[k]) for k in state)
    assert sorted(p.name for p in folder.iterdir()) == [
        "history.json",
        "model.json",
        "weights-miou_pa.pt",
        "weights-ric.pt",
    ]


def test_equal_weights_give_equal_bytes(tmp_path: Path) -> None:
    one, two = write(tmp_path / "1"), tmp_path / "2"
    same = {k: v.clone().contiguous() for k, v in STATE.items()}  # other memory, other strides
    write_model(two, {"classes": ["a", "b"]}, {"best": {}}, {"ric": same})
    assert (one / "weights-ric.pt").read_bytes() == (two / "weights-ric.pt").read_bytes()


def test_a_view_does_not_drag_its_storage_along(tmp_path: Path) -> None:
    write_model(tmp_path, {}, {}, {"ric": {"w": torch.zeros(1000, 1000)[0].detach()}})
    assert (tmp_path / "weights-ric.pt").stat().st_size < 20_000


def test_absent(tmp_path: Path) -> None:
    write_absent_model(tmp_path, "stopped after v1")
    assert read_description(tmp_path) == {"absent": "stopped after v1"}
    assert read_history(tmp_path) == {}
    with pytest.raises(InputError, match=r"weights-ric\.pt does not exist; run dvc repro"):
        read_state(tmp_path, "ric")


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return (print, ("a pickle runs code",))


def test_weights_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"w": Evil()}, tmp_path / "weights-ric.pt")
    with pytest.raises(pickle.UnpicklingError):
        read_state(tmp_path, "ric")
    assert capsys.readouterr().out == ""


def test_killed_between_files_leaves_no_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, done = Path.replace, []

    def killed(self: Path, target: Path) -> Path:
        if len(done) == 3:  # both weights and the history are there, the description is not
            raise KeyboardInterrupt
        done.append(target.name)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path)
    assert "model.json" not in done
    with pytest.raises(InputError, match=r"model\.json does not exist"):
        read_description(tmp_path)
