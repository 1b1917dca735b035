"""A classifier is trained where the tags leave it something to tell apart, and else refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from conf.compose import composed
from pipeline.artifacts.models import LAST, Model
from pipeline.datasets.classes import Branch
from pipeline.runtime.errors import InputError
from stages import finetune_classifier
from tests.tiny import DOG, FLYING, VIDEOS, WALKING, TinyVideo, write_frames

SHORT = ("epochs=1", "steps=1", "batch=2")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    short = [f"finetune_classifier.{b}.fit.{s}" for b in ("actor", "action") for s in SHORT]
    values = composed([*short, "finetune_classifier.actor.augment.crop=[32,40]"])
    Path("params.yaml").write_text(yaml.safe_dump(values))


@pytest.mark.parametrize(
    "branch, tags, message",
    [
        ("action", [WALKING, DOG], "only the action 'walking': .*; set tags=objects"),
        ("actor", [WALKING, FLYING], "only the actor 'bird': nothing to tell apart; tag videos of"),
    ],
)
def test_one_class_is_refused_before_work(
    branch: Branch, tags: list[tuple[str, str]], message: str
) -> None:
    videos = {f"v{i}": TinyVideo("train", frozenset([tag])) for i, tag in enumerate(tags)}
    # what other videos show is not learned
    videos["w"] = TinyVideo("test", frozenset([FLYING, DOG]))
    frames = write_frames(Path("frames"), videos)
    with pytest.raises(InputError, match=message) as error:
        finetune_classifier.run(branch, frames, Path("out"), Path("tmp"))
    assert "\n" not in str(error.value) and not Path("out").exists() and not Path("tmp").exists()


def test_videos_without_a_tag_are_a_class(capsys: pytest.CaptureFixture[str]) -> None:
    """One actor and videos that show none can be told apart."""
    videos = {name: VIDEOS[name] for name in ("b", "d", "e")}
    frames = write_frames(Path("frames"), videos)
    finetune_classifier.run("actor", frames, Path("out"), Path("tmp"))
    model = Model(Path("out"))
    assert model.description["classes"] == ["dog", "nothing"] and not model.absent
    assert model.state(LAST) and 0 <= model.history["val_accuracy"] <= 100
    assert model.history["test_accuracy"] is None  # there is no test video
