from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.cues.table import CUES
from pipeline.cues.video_cue import Cue, no_rule
from pipeline.runtime.code_digest import table_entries
from pipeline.runtime.params import Params
from tests.imports import ROOT


def test_a_cue_is_made_from_others_of_the_table_in_no_circle() -> None:
    made: set[str] = set()
    while made < set(CUES):
        free = {name for name, cue in CUES.items() if {*cue.needs} <= made} - made
        assert free, f"these need each other or what is not there: {sorted({*CUES} - made)}"
        made |= free
    for name, cue in CUES.items():
        assert len(set(cue.needs)) == len(cue.needs) <= 3, name  # dvc.yaml has room for three
        assert cue.classifier in (None, name)


def test_conf_has_a_file_for_each_cue() -> None:
    assert {path.stem for path in (ROOT / "conf" / "cue").glob("*.yaml")} == set(CUES)


def test_each_cue_comes_from_a_file_of_its_own_name() -> None:
    entries = table_entries(ROOT, "pipeline/cues/table.py", "CUES")
    assert set(entries) == set(CUES)
    for name, entry in entries.items():
        (file,) = entry.files
        assert Path(file).parent.as_posix() == "pipeline/cues"
        assert Path(file).name.startswith("video_"), name


def test_a_cue_without_a_rule_takes_any_parameters() -> None:
    def compute(*_: Any) -> None:
        pytest.fail("nothing is made by a check")

    plain = Cue(Params, compute)
    assert plain.check is no_rule and (plain.needs, plain.classifier) == ((), None)
    plain.check(Params(), {})
