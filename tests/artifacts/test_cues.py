from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.artifacts.cues import CUES_INDEX, Cues, cue_digest, write_cue_index
from pipeline.artifacts.flows import Flows
from pipeline.artifacts.maps import Maps
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.runtime.errors import InputError


def write_motion(folder: Path, column: int) -> None:
    """A video of two frames 2 x 4, in which one column moves."""
    moves = np.zeros((2, 4), bool)
    moves[:, column] = True
    maps = {0: moves, 1: moves}
    count = MotionSegments.write(folder, "v", maps, maps)
    MotionSegments.write_index(folder, [{"video": "v", "rows": count}])


def write_actor(folder: Path) -> None:
    Maps.write(folder, "v", [0], {1: np.full((1, 2, 3), 0.5)})
    Maps.write_index(folder, [{"video": "v", "rows": 1}], ["dog"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two cues that the index names, and one that another recipe has left there."""
    write_motion(tmp_path / "motion", 1)
    write_actor(tmp_path / "actor")
    Flows.write_index(tmp_path / "flow", [])
    write_cue_index(tmp_path / CUES_INDEX, {"motion": "1", "actor": "2"})
    return tmp_path


def test_the_cues_of_the_index(folder: Path) -> None:
    cues = Cues(folder)
    assert cues.names == ("actor", "motion") and "actor" in cues and "flow" not in cues
    motion, actor = cues.get("motion", MotionSegments), cues.get("actor", Maps)
    assert isinstance(motion, MotionSegments) and isinstance(actor, Maps)
    assert motion.segment("v", 0).tolist() == [[False, True, False, False]] * 2
    assert actor.maps("v", 1)["dog"].tolist() == [[0.5] * 3] * 2
    assert cues.get("flow", Flows) is None  # it lies there, and is not of this recipe
    assert cues.need("motion", MotionSegments).videos == ["v"]


def test_a_cue_that_the_recipe_has_not_is_one_line(folder: Path) -> None:
    with pytest.raises(InputError, match=r"has no cue flow; add it to the recipe's cues") as error:
        Cues(folder).need("flow", Flows)
    assert "\n" not in str(error.value)


def test_a_cue_of_another_kind_is_refused(folder: Path) -> None:
    for ask in (Cues(folder).get, Cues(folder).need):
        with pytest.raises(InputError, match="holds motion version 1, expected maps version"):
            ask("motion", Maps)


def test_named_cues_are_read_without_an_index(folder: Path) -> None:
    (folder / CUES_INDEX).unlink()
    cues = Cues(folder, ["flow"])
    assert cues.names == ("flow",) and "motion" not in cues
    assert cues.need("flow", Flows).videos == [] and cues.get("motion", MotionSegments) is None
    assert Cues(folder, ()).names == ()
    with pytest.raises(InputError, match=rf"{CUES_INDEX} does not exist; run dvc repro"):
        Cues(folder)


def test_the_digest_is_that_of_the_whole_cue(folder: Path) -> None:
    own = cue_digest(folder / "motion")
    data = (folder / "motion" / "index.parquet").read_bytes()
    assert own == hashlib.sha256(data).hexdigest()
    write_motion(folder / "same", 1)
    assert cue_digest(folder / "same") == own
    write_motion(folder / "motion", 2)  # the index differs by the digest of the video's file alone
    assert cue_digest(folder / "motion") != own


def test_the_index_is_in_order_whatever_order_it_is_given_in(tmp_path: Path) -> None:
    digests = {"motion": "1" * 64, "actor": "2" * 64}
    write_cue_index(tmp_path / "one.json", digests)
    write_cue_index(tmp_path / "two.json", dict(reversed(digests.items())))
    text = (tmp_path / "one.json").read_text()
    assert text == (tmp_path / "two.json").read_text()
    assert list(json.loads(text)) == ["actor", "motion"] and json.loads(text) == digests
