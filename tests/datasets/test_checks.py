from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.datasets.checks import check_id, check_layout
from pipeline.runtime.errors import InputError


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "/a", "a\\b", "a..b", "a\0b"])
def test_ids_that_are_no_file_names(name: str) -> None:
    with pytest.raises(InputError, match=r"videoset\.csv line 3"):
        check_id(name, "videoset.csv line 3")


def test_ids_that_are_file_names() -> None:
    for name in ["_0djE279Srg", "-5jNQ", "car-shadow", "v 1", "clip.v2", "Größe"]:
        assert check_id(name, "here") == name


def test_layout_error_names_the_missing_part_and_the_parameter(tmp_path: Path) -> None:
    check_layout(tmp_path, (), "nothing")
    with pytest.raises(InputError, match=r"tags\.csv is missing.* -S dataset\.root=<path>"):
        check_layout(tmp_path, ("tags.csv",), "tags.csv")
    with pytest.raises(InputError, match=r"gone is missing.*tags\.csv"):
        check_layout(tmp_path / "gone", ("tags.csv",), "tags.csv")
