from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.artifacts.flows import Flows
from pipeline.selection.read_neighbours import neighbour_flows
from tests.vision.test_warping import constant


@pytest.fixture
def flows(tmp_path: Path) -> Flows:
    """Four frames that move 1, 2 and 4 pixels to the right, at half the size wanted."""
    ahead = [constant(6, 10, x, 0) for x in (1, 2, 4)]
    Flows.write(tmp_path, "both", [0, 2, 4, 6], ahead, [-f for f in ahead])
    Flows.write(tmp_path, "ahead", [0, 2, 4, 6], ahead)
    Flows.write_index(tmp_path, [{"video": v, "rows": 4} for v in ("both", "ahead")])
    return Flows(tmp_path)


def test_flow_between_key_frames_is_put_together(flows: Flows) -> None:
    found = neighbour_flows(flows, "both", [0, 4, 6], 12, 20)
    assert [sorted(f) for f in found] == [[1], [0, 2], [1]]
    assert found[0][1].shape == (12, 20, 2)
    assert found[0][1][0, 0].tolist() == [6, 0]  # twice 1 + 2
    assert found[1][0][0, 19].tolist() == [-6, 0]
    assert found[1][2][0, 0].tolist() == [8, 0] and found[2][1][0, 19].tolist() == [-8, 0]


def test_without_backward_flow_only_the_next_is_known(flows: Flows) -> None:
    found = neighbour_flows(flows, "ahead", [0, 2, 6], 12, 20)
    assert [sorted(f) for f in found] == [[1], [2], []]


def test_a_video_without_flow_has_no_neighbours(flows: Flows) -> None:
    assert neighbour_flows(flows, "still", [3], 12, 20) == [{}]
    assert neighbour_flows(flows, "both", [4], 12, 20) == [{}]


def test_nothing_is_changed_in_what_was_read(flows: Flows) -> None:
    neighbour_flows(flows, "both", [0, 6], 6, 10)
    first = flows.forward("both", 0)
    assert first is not None and np.array_equal(first, constant(6, 10, 1, 0))
