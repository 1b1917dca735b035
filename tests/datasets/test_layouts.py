from __future__ import annotations

import typing
from pathlib import Path

import pytest

from pipeline.datasets.a2d import A2DParams
from pipeline.datasets.folder import FolderParams
from pipeline.datasets.layouts import LAYOUTS, find_layout, layout_params, load_dataset
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params
from tests.datasets.miniature import write_a2d, write_clip, write_tags


def test_each_layout_stands_under_its_own_name() -> None:
    assert set(LAYOUTS) == {"a2d", "davis", "folder"}
    for name, layout in LAYOUTS.items():
        assert typing.get_args(layout.params.model_fields["layout"].annotation) == (name,)
        assert (
            parse_params(layout.params, {"layout": name}, "dataset").model_dump()["layout"] == name
        )


@pytest.mark.parametrize("name", list(LAYOUTS))
@pytest.mark.parametrize("value", [-0.1, 1, "much"])
def test_validation_is_a_share(name: str, value: object) -> None:
    with pytest.raises(InputError, match=r"dataset\.validation"):
        parse_params(LAYOUTS[name].params, {"layout": name, "validation": value}, "dataset")


def test_name_and_root_are_not_the_layouts() -> None:
    values = {"name": "mine", "root": "/data", "layout": "folder", "validation": 0.25}
    assert layout_params(values) == FolderParams(layout="folder", validation=0.25)
    assert isinstance(layout_params({"layout": "a2d"}), A2DParams)


@pytest.mark.parametrize("values", [{"layout": "voc"}, {"layout": None}, {}])
def test_unknown_layout(values: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"parameter dataset\.layout = .*: use one of a2d, davis"):
        find_layout(values)


def test_wrong_parameter_of_a_layout() -> None:
    with pytest.raises(InputError, match=r"^unknown parameter dataset\.resolution; allowed here:"):
        layout_params({"layout": "folder", "resolution": "480p"})


def test_load_reads_the_named_layout(tmp_path: Path) -> None:
    write_tags(tmp_path / "folder", "park,dog,running,train", "pool,cat,none,test")
    for name in ("park", "pool"):
        write_clip(tmp_path / "folder" / f"{name}.mp4", 3)
    values = {"name": "x", "root": "elsewhere", "layout": "folder", "validation": 0}
    found = load_dataset(tmp_path / "folder", values)
    assert [(v.id, v.split) for v in found.videos] == [("park", "train"), ("pool", "test")]
    write_a2d(tmp_path / "a2d", [("one", 77, 0), ("two", 34, 1)])
    found = load_dataset(tmp_path / "a2d", {"layout": "a2d", "validation": 0})
    assert found.taxonomy.pairs == (("ball", "flying"), ("dog", "running"))
