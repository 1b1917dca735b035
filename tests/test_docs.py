"""Code that the docs show does what they say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from pipeline.datasets.folder import FolderParams, load
from pipeline.datasets.video import read_frames
from tests.datasets.miniature import write_images
from tests.imports import ROOT


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
