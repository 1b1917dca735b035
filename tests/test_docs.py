"""Code that the docs show does what they say."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from conf.compose import composed
from pipeline.datasets.folder import FolderParams, load
from pipeline.datasets.video import read_frames
from stages.schema import check_all
from tests.datasets.miniature import write_images
from tests.imports import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.M | re.S)


def commands() -> dict[str, list[str]]:
    """The ``dvc exp run`` commands of all pages that set parameters, and what they set."""
    found = {}
    for block in (b for page in PAGES for b in BLOCK.findall(page.read_text())):
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith("dvc exp run") and "-S" in line:
                words = shlex.split(line, comments=True)
                found[" ".join(words)] = [b for a, b in pairwise(words) if a == "-S"]
    return found


def test_the_pages_show_commands() -> None:
    assert len(commands()) >= 20
    assert ["recipe=ws2"] in commands().values()


@pytest.mark.parametrize("recipe", sorted(p.stem for p in ROOT.glob("conf/recipe/*.yaml")))
def test_every_recipe_is_explained(recipe: str) -> None:
    assert re.search(rf"\b{recipe}\b", (ROOT / "docs/recipes.md").read_text())


@pytest.mark.parametrize("command", list(commands()))
def test_what_a_command_sets_can_be_set(command: str) -> None:
    overrides = [re.sub(r"^(seed=\d+),.*", r"\1", o) for o in commands()[command]]  # of a queue
    check_all(composed(overrides))


def write_snippet(release: Path, name: str, objects: list[list[str]]) -> None:
    """A snippet of ImageNet-VID: a frame and an XML file for each entry of ``objects``."""
    part = "ILSVRC2015_VID_train_0000"
    frames = [f"{n:06}.JPEG" for n in range(len(objects))]
    write_images(release / "Data/VID/train" / part / name, frames)
    annotations = release / "Annotations/VID/train" / part / name
    annotations.mkdir(parents=True)
    for n, names in enumerate(objects):
        body = "".join(f"<object><trackid>0</trackid><name>{k}</name></object>" for k in names)
        (annotations / f"{n:06}.xml").write_text(f"<annotation>{body}</annotation>")


def test_imagenet_vid_becomes_a_folder_data_set(tmp_path: Path) -> None:
    text = (ROOT / "docs/own-videos.md").read_text()
    (code,) = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
    (tmp_path / "gather_vid.py").write_text(code)
    release, root = tmp_path / "ILSVRC2015", tmp_path / "vid"
    dog, car, zebra = "n02084071", "n02958343", "n02391049"
    write_snippet(release, "ILSVRC2015_train_00000000", [[dog], [], [dog, car, zebra]])
    write_snippet(release, "ILSVRC2015_train_00000001", [[zebra], [zebra]])
    write_snippet(release, "ILSVRC2015_train_00000002", [[], [car, car]])
    command = [sys.executable, str(tmp_path / "gather_vid.py"), str(release), str(root)]
    subprocess.run(command, check=True)
    data = load(root, FolderParams(validation=0))
    assert {v.id[-1]: {actor for actor, _ in v.tags} for v in data.videos} == {
        "0": {"car", "dog"},
        "2": {"car"},
    }
    assert [len(list(read_frames(v, None))) for v in data.videos] == [3, 2]
    assert (root / "ILSVRC2015_train_00000002/000001.JPEG").stat().st_nlink == 2
