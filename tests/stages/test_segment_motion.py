from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.maps import Maps
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.runtime.errors import InputError
from stages import cli, estimate_flow, evaluate_cues, segment_motion
from tests.cues.test_motion_segments import film
from tests.tiny import DOG, TAXONOMY

FLOW = {"backward": True}
MOTION = {"superpixels": {"segments": 200, "compactness": 20.0, "iterations": 5}, "band": 1}


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


def run(flow: object, motion: object) -> MotionSegments:
    values = {"seed": 0, "machine": {"jobs": 1}, "estimate_flow": flow, "segment_motion": motion}
    values["refine_superpixels"] = {"method": "motion_segments"}
    cli.PARAMETERS.write_text(yaml.safe_dump(values))
    estimate_flow.run(Path("frames"), Path("flow"))
    segment_motion.run(Path("frames"), Path("flow"), Path("motion"))
    return MotionSegments(Path("motion"))


def evaluate() -> dict[str, Any]:
    """Figures of the cues, where there are no attention maps."""
    for folder in ("cam", "aggregated/actor"):
        Maps.write_index(Path(folder), [], [])
    places = ("frames", "truth", "motion", "cam", "aggregated", "cues.json")
    evaluate_cues.run(*map(Path, places))
    return json.loads(Path("cues.json").read_text())


def test_segments_and_their_figures(masks: np.ndarray) -> None:
    found = run(FLOW, MOTION)
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


def test_a_recipe_without_motion(masks: np.ndarray, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(None, None).videos == []
    assert "segment_motion: not needed, the recipe uses no motion" in capsys.readouterr().out
    LabelMaps.write_index(Path("truth"), [], {})
    assert evaluate() == {}


@pytest.mark.parametrize(
    "flow, said",
    [
        (None, "needs flow between all frames, which video 'film' has not: set estimate_flow"),
        ({"pairs": "key_frames", "backward": True}, "and estimate_flow.pairs to frames"),
        ({"backward": False}, "needs flow in both directions: set estimate_flow.backward"),
    ],
)
def test_flow_that_is_missing_is_one_line(masks: np.ndarray, flow: object, said: str) -> None:
    with pytest.raises(InputError, match=said) as error:
        run(flow, MOTION)
    assert "\n" not in str(error.value)
