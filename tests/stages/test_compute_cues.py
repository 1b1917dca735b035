"""A cue from its table to its readers: made, collected, read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from pipeline.artifacts.cues import CUES_INDEX, Cues, cue_digest
from pipeline.artifacts.flows import Flows
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.maps import Maps
from pipeline.artifacts.models import Model, write_absent_model
from pipeline.artifacts.tables import read_json, write_json
from pipeline.cues.video_cue import Cue, CueInputs
from pipeline.runtime.errors import InputError
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.params import Params
from stages import collect_cues, compute_cues, config
from tests.tiny import write_frames

CUES, DIGESTS = Path("cues"), Path("cues/digests")
ASKED: list[CueInputs] = []


class BrightParams(Params):
    """Of a cue of this test alone: a pixel is bright from ``least`` on."""

    least: int = 128


def compute_bright(
    inputs: CueInputs, params: BrightParams, machine: MachineParams, out: Path
) -> None:
    """The bright pixels of each key frame, as a map of whatever its video is tagged with."""
    ASKED.append(inputs)
    frames, rows = inputs.frames, []
    for video in frames.tagged("train"):
        keys = frames.key_frames(video)
        bright = {n: (frames.image(video, n)[..., 0] >= params.least)[None] for n in keys}
        maps = {n: m.astype(np.float32) for n, m in bright.items()}
        rows.append({"video": video, "rows": Maps.write(out, video, [0], maps)})
    Maps.write_index(out, rows, ["bright"])


def compute_twice(inputs: CueInputs, params: Params, machine: MachineParams, out: Path) -> None:
    """The maps of another cue, doubled; it says which cues it can see."""
    ASKED.append(inputs)
    found, rows = inputs.cues.need("bright", Maps), []
    for video in found.videos:
        maps = {n: 2 * found.maps(video, n)["bright"][None] for n in found.frames(video)}
        rows.append({"video": video, "rows": Maps.write(out, video, [0], maps)})
    Maps.write_index(out, rows, ["bright"])


@pytest.fixture
def frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Frames:
    """Two cues that the project does not have, one made from the other."""
    monkeypatch.chdir(tmp_path)
    ASKED.clear()
    table = {
        "bright": Cue(BrightParams, compute_bright),
        "twice": Cue(Params, compute_twice, needs=("bright",), classifier="actor"),
    }
    monkeypatch.setattr(compute_cues, "CUES", table)
    write_parameters("bright", "twice")
    return write_frames(Path("frames"))


def write_parameters(*names: str, least: int = 128) -> None:
    wiring = {"model": "README.md", "reads": ["README.md"] * 3}
    cues = {"bright": {**wiring, "least": least}, "twice": dict(wiring)}
    values = {"machine": {"jobs": 1}, "cues": {name: cues[name] for name in names}}
    config.PARAMETERS.write_text(yaml.safe_dump(values))


def compute(name: str, frames: Frames, classifier: Model | None = None) -> None:
    digest = DIGESTS / f"{name}.json"
    compute_cues.run(name, frames, CUES, classifier, CUES / name, digest)


def test_a_new_cue_is_made_collected_and_read(frames: Frames) -> None:
    write_absent_model(Path("classifier"), "not asked here")
    compute("bright", frames)
    compute("twice", frames, Model(Path("classifier")))
    collect_cues.run(DIGESTS, CUES / CUES_INDEX)
    cues = Cues(CUES)
    assert cues.names == ("bright", "twice") and "bright" in cues and "flow" not in cues
    found, doubled = cues.get("bright", Maps), cues.get("twice", Maps)
    assert found is not None and doubled is not None
    assert found.videos == ["a", "b", "c"]
    # the square of frame n begins at column 4 + 2 n
    for n in (1, 3):
        expected = np.zeros((32, 40), np.float32)
        expected[8:20, 4 + 2 * n : 16 + 2 * n] = 1
        assert np.array_equal(found.maps("b", n)["bright"], expected)
        assert np.array_equal(doubled.maps("b", n)["bright"], 2 * expected)
    assert cues.get("flow", Flows) is None
    with pytest.raises(InputError, match="cues has no cue flow; add it to the recipe's cues"):
        cues.need("flow", Flows)
    with pytest.raises(InputError, match=r"holds maps version .*, expected flows"):
        cues.get("bright", Flows)


def test_a_cue_is_handed_what_it_is_made_from_and_no_more(frames: Frames) -> None:
    compute("bright", frames)
    write_absent_model(Path("classifier"), "not asked here")
    classifier = Model(Path("classifier"))
    compute("twice", frames, classifier)  # before there is an index of all
    bright, twice = ASKED
    assert bright.frames is frames and bright.cues.names == () and bright.classifier is None
    assert "bright" in twice.cues and "twice" not in twice.cues
    assert twice.classifier is classifier


def test_its_parameters_are_its_own_section(frames: Frames) -> None:
    write_parameters("bright", least=0)
    compute("bright", frames)
    assert Maps(CUES / "bright").maps("a", 1)["bright"].all()
    values = yaml.safe_load(config.PARAMETERS.read_text())
    values["cues"]["bright"]["leest"] = 3
    config.PARAMETERS.write_text(yaml.safe_dump(values))
    with pytest.raises(InputError, match=r"^unknown parameter cues\.bright\.leest; allowed here:"):
        compute("bright", frames)


def test_the_digest_tells_content_and_nothing_else(frames: Frames) -> None:
    digests = []
    for least in (128, 129, 0):
        write_parameters("bright", least=least)
        compute("bright", frames)
        digests.append(read_json(DIGESTS / "bright.json"))
        assert digests[-1] == {"digest": cue_digest(CUES / "bright")}
    # no pixel lies between noise below 60 and a square of 200
    assert digests[0] == digests[1] != digests[2]


def test_what_other_recipes_have_left_is_not_listed(frames: Frames) -> None:
    compute("bright", frames)
    write_json(DIGESTS / "motion.json", {"digest": "of a recipe before"})
    write_parameters("bright")
    collect_cues.run(DIGESTS, CUES / CUES_INDEX)
    assert read_json(CUES / CUES_INDEX) == {"bright": cue_digest(CUES / "bright")}
    assert Cues(CUES).names == ("bright",)


def test_the_index_does_not_depend_on_the_order_of_the_recipe(frames: Frames) -> None:
    for name in ("twice", "bright"):
        write_json(DIGESTS / f"{name}.json", {"digest": name * 2})
    texts = []
    for names in (("bright", "twice"), ("twice", "bright")):
        write_parameters()
        cues = "\n".join(f"  {name}: {{}}" for name in names)
        config.PARAMETERS.write_text(f"cues:\n{cues}\n")
        collect_cues.run(DIGESTS, CUES / CUES_INDEX)
        texts.append((CUES / CUES_INDEX).read_text())
    assert texts[0] == texts[1]
    assert json.loads(texts[0]) == {"bright": "brightbright", "twice": "twicetwice"}


def test_a_cue_of_the_recipe_that_was_not_made(frames: Frames) -> None:
    compute("bright", frames)
    with pytest.raises(InputError, match=r"twice\.json") as error:
        collect_cues.run(DIGESTS, CUES / CUES_INDEX)
    assert "\n" not in str(error.value) and not (CUES / CUES_INDEX).exists()
