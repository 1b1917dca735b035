from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from pipeline.artifacts.cues import Cues
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.cues.flow import FlowParams
from pipeline.cues.motion_segments import MotionParams
from pipeline.cues.table import CUES
from pipeline.cues.video_cue import CueInputs
from pipeline.runtime.errors import InputError
from pipeline.runtime.machine import MachineParams
from stages import config, evaluate_cues
from tests.cues.test_motion_segments import film
from tests.tiny import DOG, TAXONOMY, write_cues

FLOW: dict[str, Any] = {"backward": True}
MOTION: dict[str, Any] = {
    "superpixels": {"segments": 200, "compactness": 20.0, "iterations": 5},
    "band": 1,
}


@pytest.fixture
def masks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Frames of a film, a still image and a still shot; the true masks of the film."""
    monkeypatch.chdir(tmp_path)
    images, masks = film(6)
    videos = {"film": dict(enumerate(images)), "image": {0: images[0]}}
    videos["shot"] = dict.fromkeys(range(3), images[0])
    rows = []
    for video, frames in videos.items():
        count = Frames.write(Path("frames"), video, frames, [0], "png")
        rows.append({"video": video, "rows": count, "split": "train", "height": 64, "width": 96})
    Frames.write_index(Path("frames"), rows, {v: [DOG] for v in videos}, TAXONOMY)
    return masks


def run() -> MotionSegments:
    frames, machine = Frames(Path("frames")), MachineParams(jobs=1)
    flow = CueInputs(frames, Cues(Path(), ()), None)
    CUES["flow"].compute(flow, FlowParams(**FLOW), machine, Path("flow"))
    motion = CueInputs(frames, Cues(Path(), CUES["motion"].needs), None)
    CUES["motion"].compute(motion, MotionParams(**MOTION), machine, Path("motion"))
    return MotionSegments(Path("motion"))


def evaluate() -> dict[str, Any]:
    """Figures of the cues, where there are no attention maps."""
    config.PARAMETERS.write_text(yaml.safe_dump({"make_initial_pa": {"method": "motion_segments"}}))
    cues = write_cues(Path(), "motion")
    evaluate_cues.run(Frames(Path("frames")), LabelMaps(Path("truth")), cues, Path("cues.json"))
    return json.loads(Path("cues.json").read_text())


def test_segments_and_their_figures(masks: np.ndarray) -> None:
    found = run()
    assert found.videos == ["film", "shot"]
    assert found.frames("film") == list(range(6)) and found.segment("film", 3).shape == (64, 96)
    assert not any(found.segment("shot", n).any() for n in range(3))
    near = found.boundary("film", 3)
    assert near.any() and (near & found.segment("film", 3)).any() and not near.all()
    truth = {n: 3 * masks[n].astype(np.uint8) for n in (1, 3)}
    LabelMaps.write(Path("truth"), "film", truth)
    LabelMaps.write_index(Path("truth"), [{"video": "film", "rows": 2}], {})
    figures = evaluate()
    ious = [
        100
        * (found.segment("film", n) & masks[n]).sum()
        / (found.segment("film", n) | masks[n]).sum()
        for n in (1, 3)
    ]
    assert set(figures) == {"motion"}
    assert figures["motion"]["by_video"] == pytest.approx({"film": np.mean(ious)})
    assert figures["motion"]["jaccard"] > 70


def test_cues_without_human_masks_have_no_figures(masks: np.ndarray) -> None:
    run()
    LabelMaps.write_index(Path("truth"), [], {})
    assert evaluate() == {}


@pytest.mark.parametrize("flow", [{"backward": False}, {"pairs": "key_frames", "backward": True}])
def test_flow_that_does_not_do_is_one_line(flow: dict[str, Any]) -> None:
    CUES["motion"].check(MotionParams(), {"flow": FlowParams(**FLOW)})
    with pytest.raises(InputError, match="needs flow between all frames, in both dir") as error:
        CUES["motion"].check(MotionParams(), {"flow": FlowParams(**flow)})
    assert "\n" not in str(error.value)
