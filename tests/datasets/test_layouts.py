from __future__ import annotations

import typing

import pytest
from pipeline.datasets.datasets import LAYOUTS

from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params


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
