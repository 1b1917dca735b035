from __future__ import annotations

import json
import logging
import pickle
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

from pipeline.artifacts import models
from pipeline.artifacts.models import (
    Model,
    read_description,
    read_history,
    read_state,
    write_absent_model,
    write_model,
)
from pipeline.runtime import versions
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


def test_a_model_open_for_reading(tmp_path: Path) -> None:
    model = Model(write(tmp_path / "m"))
    assert model.description == {"classes": ["a", "b"]} and model.history == {"best": {}}
    assert not model.absent
    for criterion, state in (("ric", STATE), ("miou_pa", OTHER)):
        assert all(torch.equal(model.state(criterion)[k], state[k]) for k in state)
    with pytest.raises(InputError, match=r"weights-last\.pt does not exist; run dvc repro"):
        model.state("last")


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    write_absent_model(tmp_path / "m", "stopped after v1")
    model = Model(tmp_path / "m")
    assert model.absent and model.history == {}
    with pytest.raises(InputError, match=r"model\.json does not exist"):
        Model(tmp_path / "nowhere")


def test_a_pickled_model_reads_the_same_wherever_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "here" / "m")
    write_absent_model(tmp_path / "there" / "m", "another one of the same name")
    monkeypatch.chdir(tmp_path / "here")
    data = pickle.dumps(Model(Path("m")))
    monkeypatch.chdir(tmp_path / "there")
    again = pickle.loads(data)
    assert type(again) is Model and again.folder == tmp_path / "here" / "m"
    assert again.description == {"classes": ["a", "b"]}
    assert torch.equal(again.state("ric")["w"], STATE["w"])


def test_the_model_says_which_versions_of_libraries_made_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "own")
    stored = json.loads((tmp_path / "own" / "model.json").read_text())
    own = stored.pop("made_with")
    assert stored == {"classes": ["a", "b"]}
    assert own["torch"] == version("torch") and set(own) == {"torch", "opencv", "scikit-image"}
    monkeypatch.setattr(versions, "parent_process", lambda: None)
    monkeypatch.setattr(versions, "_warned", set())
    with caplog.at_level(logging.WARNING):
        Model(tmp_path / "own")
        assert not caplog.messages
        monkeypatch.setattr(models, "library_versions", lambda: own | {"torch": "1.0"})
        Model(write(tmp_path / "other"))
    (message,) = caplog.messages
    assert f"{tmp_path / 'other'} was made with torch 1.0 (here {own['torch']})" in message
