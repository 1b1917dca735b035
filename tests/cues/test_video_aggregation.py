from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.artifacts.cues import Cues
from pipeline.artifacts.flows import Flows
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.maps import Maps
from pipeline.cues.flow import FlowParams
from pipeline.cues.flow_aggregation import AggregateParams
from pipeline.cues.table import CUES
from pipeline.cues.video_cue import CueInputs
from pipeline.cues.video_maps import CamParams
from pipeline.runtime.errors import InputError
from pipeline.runtime.machine import MachineParams
from tests.tiny import DOG, FLYING, TAXONOMY, images

SIZE = (6, 8)
CLASSES = ["bird", "dog"]
KEYS = [0, 2, 4]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Video "v" (dog) and still image "s" (bird); everything moves (1, 0) from frame to frame."""
    monkeypatch.chdir(tmp_path)
    rows = []
    for video, count in (("s", 1), ("v", 5)):
        pictures = dict(enumerate(images(count, 32, 40, seed=0)))
        Frames.write(Path("frames"), video, pictures, [n for n in KEYS if n < count], "png")
        rows.append({"video": video, "rows": count, "split": "train", "height": 32, "width": 40})
    Frames.write_index(Path("frames"), rows, {"s": [FLYING], "v": [DOG]}, TAXONOMY)
    forward, backward = ([np.full((*SIZE, 2), (x, 0.0))] * 4 for x in (1, -1))
    count = Flows.write(Path("flow"), "v", range(5), forward, backward)
    Flows.write_index(Path("flow"), [{"video": "v", "rows": count}])
    return tmp_path


def column(*where: int) -> np.ndarray:
    """A map 6 x 8 that is 1 in these columns."""
    found = np.zeros(SIZE)
    found[:, list(where)] = 1
    return found


def write_cam(scores: dict[int, list[float]] | None, classes: tuple[int, ...] = (0, 1)) -> None:
    """The dog lights up in column 1, 2 and 7, the bird in column 5 of every frame."""
    dogs = {0: column(1), 2: column(2), 4: column(7)}
    maps = {n: np.stack([(column(5), m)[c] for c in classes]) for n, m in dogs.items()}
    given = None if scores is None else {n: np.array(s) for n, s in scores.items()}
    Maps.write(Path("actor"), "v", list(classes), maps, given)
    still = None if scores is None else {0: np.array([0.1, 0.1])}
    Maps.write(Path("actor"), "s", [0], {0: column(3)[None, :2, :4]}, still)
    Maps.write_index(Path("actor"), [{"video": "s", "rows": 1}, {"video": "v", "rows": 3}], CLASSES)


def run(params: dict[str, Any], branch: str = "actor") -> Maps:
    cue = CUES[f"aggregated_{branch}"]
    inputs = CueInputs(Frames(Path("frames")), Cues(Path(), cue.needs), None)
    cue.compute(inputs, AggregateParams(**params), MachineParams(jobs=1), Path("out") / branch)
    return Maps(Path("out") / branch)


def columns(maps: Maps, video: str, frame: int, name: str) -> list[int]:
    (row,) = np.unique(maps.maps(video, frame)[name], axis=0)
    return np.flatnonzero(row).tolist()


def test_every_key_frame_without_the_filter() -> None:
    write_cam(None)
    found = run({"frames": 2, "label_filter": None})
    assert found.frames("v") == KEYS
    assert columns(found, "v", 0, "dog") == [1]
    # two steps of one pixel from key frame to key frame
    assert columns(found, "v", 2, "dog") == [2, 3]
    assert columns(found, "v", 4, "dog") == [4, 7]
    assert columns(found, "v", 4, "bird") == [5, 7]
    three = run({"frames": 3, "label_filter": None})
    assert columns(three, "v", 4, "dog") == [4, 5, 7]


def test_the_one_sample_of_a_video_in_its_last_frame() -> None:
    write_cam({0: [0.2, 0.95], 2: [0.95, 0.95], 4: [0.99, 0.92]})
    found = run({"frames": 2, "label_filter": {"tau": 0.9}})
    assert found.frames("v") == [4]
    assert list(found.maps("v", 4)) == ["bird", "dog"]
    assert columns(found, "v", 4, "dog") == [4, 7]
    assert found.frames("s") == [0] and columns(found, "s", 0, "bird") == [3]


def test_only_the_classes_of_the_sample_are_kept() -> None:
    write_cam({0: [0.2, 0.95], 2: [0.2, 0.95], 4: [0.2, 0.1]})
    found = run({"frames": 2, "label_filter": {"tau": 0.9}})
    assert found.frames("v") == [2] and list(found.maps("v", 2)) == ["dog"]


def test_actions_are_united_where_the_actors_have_their_sample() -> None:
    write_cam({0: [0.2, 0.95], 2: [0.2, 0.95], 4: [0.2, 0.1]})
    maps = {n: column(n + 1)[None] for n in KEYS}
    Maps.write_index(
        Path("action"),
        [{"video": "v", "rows": Maps.write(Path("action"), "v", [0], maps)}],
        ["runs"],
    )
    found = run({"frames": 2, "label_filter": {"tau": 0.9}}, "action")
    assert found.videos == ["v"] and found.frames("v") == [2]
    assert columns(found, "v", 2, "runs") == [3]  # moved from 1 to 3, where it is at 2, too


def test_flow_back_is_asked_for_before_work() -> None:
    params, check = AggregateParams(frames=2, label_filter=None), CUES["aggregated_actor"].check
    actor = CamParams()
    check(params, {"flow": FlowParams(backward=True), "actor": actor})
    check(AggregateParams(frames=1, label_filter=None), {"flow": FlowParams(), "actor": actor})
    with pytest.raises(InputError, match=r"set cues\.flow\.backward=true"):
        check(params, {"flow": FlowParams(), "actor": actor})


def test_maps_for_the_label_filter_are_asked_for_before_work() -> None:
    params, check = AggregateParams(frames=1), CUES["aggregated_actor"].check
    assert params.label_filter is not None
    tau = params.label_filter.tau
    check(params, {"flow": FlowParams(), "actor": CamParams(method="cam", above=tau)})
    with pytest.raises(InputError, match=r"needs class scores: set cues\.actor\.method=cam"):
        check(params, {"flow": FlowParams(), "actor": CamParams()})
    for above in (None, tau + 0.01):
        with pytest.raises(InputError, match=rf"cues\.actor\.above = {above} makes no maps"):
            check(params, {"flow": FlowParams(), "actor": CamParams(method="cam", above=above)})


def test_bad_input_is_named() -> None:
    write_cam(None)
    with pytest.raises(InputError, match=r"set cues\.actor\.method=cam"):
        run({"frames": 2})
    write_cam({n: [0.95, 0.95] for n in KEYS}, classes=(1,))
    with pytest.raises(InputError, match=r"shows 'bird' .*set cues\.actor\.above"):
        run({"frames": 2})
    write_cam({n: [0.1, 0.1] for n in KEYS})
    with pytest.raises(InputError, match="no video has 2 successive key frames"):
        run({"frames": 2})
    Flows.write(Path("flow"), "v", range(5), [np.zeros((*SIZE, 2))] * 4)
    write_cam(None)
    with pytest.raises(InputError, match=r"set cues\.flow\.backward=true"):
        run({"frames": 2, "label_filter": None})
