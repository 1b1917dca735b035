from __future__ import annotations

import typing
from pathlib import Path

import pytest

from pipeline.datasets.a2d import A2DParams
from pipeline.datasets.folder import FolderParams
from pipeline.datasets.layouts import (
    LAYOUTS,
    check_dataset,
    find_layout,
    layout_params,
    load_dataset,
)
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params
from tests.datasets.miniature import write_a2d, write_clip, write_tags, write_voc


def test_each_layout_stands_under_its_own_name() -> None:
    assert set(LAYOUTS) == {"a2d", "davis", "folder", "voc", "youtube_objects"}
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


@pytest.mark.parametrize("name", list(LAYOUTS))
def test_whether_tags_name_actions_is_said_to_every_layout(name: str) -> None:
    """Layouts of objects have no such parameter: they know none."""
    values = {"name": "mine", "root": "/data", "layout": name}
    objects = layout_params({**values, "actions": False})
    if name in ("voc", "youtube_objects"):
        assert objects == layout_params(values) and not hasattr(objects, "actions")
        with pytest.raises(InputError, match=f"^the layout {name} knows no actions; set tags=obj"):
            layout_params({**values, "actions": True})
    else:
        assert objects.model_dump()["actions"] is False
        assert layout_params({**values, "actions": True}) == layout_params(values)


@pytest.mark.parametrize("values", [{"layout": "kinetics"}, {"layout": None}, {}])
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


STILLS = {"layout": "voc", "root": "elsewhere", "test": None, "validation": 0}


def test_still_images_join_the_videos(tmp_path: Path) -> None:
    write_tags(tmp_path / "videos", "park,dog,none,train")
    write_clip(tmp_path / "videos" / "park.mp4", 3)
    write_voc(tmp_path / "images", {"train": {"one": ["dog"], "two": ["cat"]}})
    values = {"layout": "folder", "validation": 0, "images": STILLS}
    found = load_dataset(tmp_path / "videos", values, tmp_path / "images")
    assert [v.id for v in found.videos] == ["one", "park"]
    without = load_dataset(tmp_path / "videos", {**values, "images": None}, tmp_path / "gone")
    assert [v.id for v in without.videos] == ["park"]


def test_a_fault_of_the_still_images_names_their_parameters(tmp_path: Path) -> None:
    write_tags(tmp_path / "videos", "park,dog,none,train")
    write_clip(tmp_path / "videos" / "park.mp4", 3)
    values = {"layout": "folder", "validation": 0, "images": STILLS}
    with pytest.raises(InputError, match=r"gone is missing; .*dataset\.images\.root"):
        load_dataset(tmp_path / "videos", values, tmp_path / "gone")


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ("voc", r"^parameter dataset\.images = 'voc': use null, or a layout and a root$"),
        ({"root": "/d"}, r"^parameter dataset\.images\.layout = None: use one of a2d, davis"),
        ({"layout": "voc"}, r"^parameter dataset\.images\.root is missing$"),
        ({**STILLS, "split": 1}, r"^unknown parameter dataset\.images\.split; allowed here:"),
        ({**STILLS, "images": STILLS}, r"^unknown parameter dataset\.images\.images;"),
        ({**STILLS, "validation": 2}, r"^parameter dataset\.images\.validation = 2: "),
    ],
)
def test_wrong_parameters_of_the_still_images(images: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_dataset({"layout": "folder", "images": images})


def test_right_parameters_of_the_still_images() -> None:
    check_dataset({"layout": "folder", "images": STILLS})
    check_dataset({"layout": "folder", "images": None})
    check_dataset({"layout": "folder"})
