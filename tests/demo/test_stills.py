from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.datasets import voc
from pipeline.datasets.taxonomy import a2d_tag
from pipeline.datasets.video import Dataset, read_frames
from pipeline.demo.stills import CLASSES, make_stills, plan_stills, render_still
from pipeline.demo.videos import DemoParams, make_demo, plan_demo
from pipeline.runtime.errors import InputError

PARAMS = DemoParams(seed=3, train=2, test=1, without_actor=1, stills=24, height=48, width=64)
LABEL_OF_ACTOR = np.array([0, 0, 0, 1, 2, 3, 0, 4])  # A2D: 3 ball, 4 bird, 5 car, 7 dog
READ = voc.VocParams(test=None, classes=CLASSES, validation=0)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo") / "stills"
    make_stills(PARAMS, out)
    return out


@pytest.fixture(scope="module")
def data(root: Path) -> Dataset:
    return voc.load(root, READ)


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(f.relative_to(folder)): hashlib.md5(f.read_bytes()).hexdigest() for f in files}


def test_images_have_the_actors_that_can_be_seen_as_tags(data: Dataset) -> None:
    assert len(data.videos) == 24 and {v.split for v in data.videos} == {"train"}
    assert data.taxonomy.names("actor") == ("background", "ball", "bird", "car", "dog")
    for image, still in zip(data.videos, plan_stills(PARAMS), strict=True):
        seen = render_still(PARAMS, still).masks[0].any((1, 2))
        names = {a2d_tag(n)[0] for n, s in zip(still.spec.ids, seen, strict=True) if s}
        assert image.id == still.id and image.tags == {(name, "none") for name in names}
        assert image.tags
    assert max(len(v.tags) for v in data.videos) == 2


def test_every_fourth_has_a_mask_that_is_what_was_drawn(data: Dataset) -> None:
    annotated = [v.id for v in data.videos if v.annotations]
    assert annotated == [f"still{n:04d}" for n in range(0, 24, 4)]
    for image, still in zip(data.videos, plan_stills(PARAMS), strict=True):
        if not image.annotations:
            continue
        ids = render_still(PARAMS, still).labels[0]
        expected = LABEL_OF_ACTOR[ids // 10]
        labels = data.read_annotation(image.annotations[0], image)
        assert np.array_equal(labels, expected)
        assert 0 < (labels > 0).mean() < 0.6


def test_pictures_are_what_was_drawn_in_the_right_colours(data: Dataset) -> None:
    for image, still in list(zip(data.videos, plan_stills(PARAMS), strict=True))[:6]:
        (picture,) = read_frames(image, None)
        drawn = render_still(PARAMS, still).frames[0].astype(float)
        error = np.abs(picture - drawn).mean()
        assert error < 10
        assert error < np.abs(picture - drawn[..., ::-1]).mean()


def test_every_twelve_lead_with_each_pair_once() -> None:
    leads = Counter(still.spec.ids[0] for still in plan_stills(PARAMS))
    assert set(leads.values()) == {2} and len(leads) == 12


def test_nothing_is_away() -> None:
    params = DemoParams(seed=0, stills=60, absent=1.0)
    assert all(still.spec.absent is None for still in plan_stills(params))
    assert any(v.spec.absent for v in plan_demo(DemoParams(seed=0, train=60, absent=1.0)))


def test_boxes_enclose_the_actors(root: Path) -> None:
    still = next(s for s in plan_stills(PARAMS) if len(s.spec.ids) == 1)
    rows, columns = np.nonzero(render_still(PARAMS, still).masks[0, 0])
    text = (root / "Annotations" / f"{still.id}.xml").read_text()
    expected = {
        "xmin": columns.min() + 1, "ymin": rows.min() + 1,
        "xmax": columns.max() + 1, "ymax": rows.max() + 1,
    }  # fmt: skip
    for name, value in expected.items():
        assert f"<{name}>{value}</{name}>" in text
    assert "<width>64</width>" in text and "<height>48</height>" in text


def test_same_parameters_give_the_same_bytes(root: Path, tmp_path: Path) -> None:
    make_stills(PARAMS, tmp_path / "again")
    assert digests(tmp_path / "again") == digests(root)
    other = PARAMS.model_copy(update={"seed": 4})
    make_stills(other, tmp_path / "other")
    changed = digests(tmp_path / "other")
    for name, digest in digests(root).items():
        if name.startswith("JPEGImages"):
            assert changed[name] != digest


def test_an_image_does_not_depend_on_how_many_there_are() -> None:
    more = PARAMS.model_copy(update={"stills": 40, "train": 7})
    assert set(plan_stills(PARAMS)) < set(plan_stills(more))


def test_none_leave_the_videos_as_they_are(tmp_path: Path) -> None:
    small = DemoParams(seed=1, train=1, test=1, without_actor=1, height=32, width=32)
    make_demo(small, tmp_path / "without")
    make_demo(small.model_copy(update={"stills": 3}), tmp_path / "with")
    assert digests(tmp_path / "with") == digests(tmp_path / "without")
    make_stills(small, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_refuses_to_write_over_a_folder(root: Path) -> None:
    with pytest.raises(InputError, match="remove it first"):
        make_stills(PARAMS, root)


def test_pictures_can_be_decoded_by_others(root: Path) -> None:
    assert cv2.imread(str(root / "JPEGImages/still0000.jpg")).shape == (48, 64, 3)
