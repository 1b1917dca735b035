from __future__ import annotations

import numpy as np
import pytest

from pipeline.cues.own_motion import OwnMotionParams, against_camera, own_motion
from tests.cues.test_motion_segments import film, flows

PARAMS = OwnMotionParams()


@pytest.mark.parametrize("t", [0, 3, 7])
def test_what_moves_against_the_camera_stands_out(t: int) -> None:
    """Also in the first and in the last frame, which have one neighbour each."""
    images, masks = film()
    onward, back = (against_camera(f) for f in flows(images))
    found = own_motion(images, onward, back, t, PARAMS)
    assert found.shape == masks[t].shape and found.min() >= 0 and found.max() <= 1
    assert found[masks[t]].mean() > 0.5 > 0.1 > found[~masks[t]].mean()


def test_the_camera_is_what_most_of_the_flow_does() -> None:
    images, masks = film(3, pan=2, speed=5)
    camera = against_camera(flows(images)[0])
    outside = ~(masks[0] | masks[1])
    outside[:, -8:] = False  # which leaves the frame
    assert np.median(np.abs(camera.against[0][outside])) < 0.1  # flow bleeds around the box
    assert np.allclose(np.median(camera.against[0][masks[0]], axis=0), [7, 0], atol=0.5)
    corner = camera.dominant[0] @ [0, 0, 1]
    assert np.allclose(corner[:2] / corner[2], [-2, 0], atol=0.3)


def test_what_moves_in_one_direction_of_time_only_does_not_count() -> None:
    """An object that has just come to rest moved from the frame before, not to the next."""
    images, masks = film(4)
    images[3] = images[2]
    onward, back = (against_camera(f) for f in flows(images))
    assert own_motion(images, onward, back, 1, PARAMS)[masks[1]].mean() > 0.5
    assert own_motion(images, onward, back, 2, PARAMS)[masks[2]].mean() < 0.2
