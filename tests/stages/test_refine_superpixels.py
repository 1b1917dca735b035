from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from conf.compose import composed
from pipeline.artifacts.maps import Maps
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.runtime.errors import InputError
from stages import refine_superpixels
from tests.tiny import write_frames, write_superpixels


def test_motion_labels_without_anything_in_motion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A data set of still images alone: one line, and no version of nothing."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(yaml.safe_dump(composed(["recipe=mcnn", "machine.jobs=1"])))
    frames = write_frames(Path("frames"), count=1, keys=(0,))
    write_superpixels(Path("superpixels"), frames)
    folders = [Path("actor"), Path("action"), Path("aggregated/actor"), Path("aggregated/action")]
    for folder in folders:
        Maps.write_index(folder, [], [])
    MotionSegments.write_index(Path("motion"), [])
    with pytest.raises(InputError, match="no video has motion segments") as error:
        refine_superpixels.run(
            *(Path("frames"), Path("superpixels"), *folders[:2], Path("aggregated")),
            *(Path("motion"), Path("v0")),
        )
    assert "\n" not in str(error.value) and not Path("v0").exists()
