from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from pipeline.cues.saliency import boundary_connectivity
from pipeline.initial_pa.background import mark_background
from pipeline.initial_pa.map_labels import TaggedPair
from pipeline.initial_pa.methods import METHODS, FrameCues, InitialParams, first_labels
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import parse_params
from pipeline.vision.otsu import BinariseParams
from pipeline.vision.superpixel_refinement import RefineParams, refine_labels
from tests.tiny import blocks, images

FIXED = BinariseParams(variant="fixed", threshold=0.5)


def cues() -> FrameCues:
    """A bright square on noise, and a map that covers its upper half and a dark corner."""
    attention = np.zeros((1, 32, 40), np.float32)
    attention[0, 8:14, 4:16] = 1
    attention[0, 26:, 34:] = 0.7
    return FrameCues(
        video="v",
        frame=0,
        image=images(1, 32, 40, seed=0)[0],
        superpixels=blocks(32, 40, 4),
        actor_maps=attention,
        action_maps=np.zeros((1, 32, 40), np.float32),
        segment=None,
        pairs=[TaggedPair(2, 0, 0)],
        num_labels=4,
    )


def test_the_table_holds_all_that_may_be_chosen() -> None:
    assert set(METHODS) == set(get_args(InitialParams.model_fields["method"].annotation))
    with pytest.raises(InputError, match=r"make_initial_pa\.method = 'flow'"):
        parse_params(InitialParams, {"method": "flow"}, "make_initial_pa")


def test_superpixels() -> None:
    own = cues()
    initial, final = first_labels(own, InitialParams(cues="actor", binarise=FIXED))
    assert np.array_equal(initial, 2 * (own.actor_maps[0] > 0.5))
    assert np.array_equal(final, refine_labels(initial, own.superpixels, RefineParams(), 4))
    assert (final[12, 4:16] == 0).all() and (
        final[8, 4:16] == 2
    ).all()  # 2 of 4 rows are not enough


def test_saliency() -> None:
    own = cues()
    params = InitialParams(method="saliency", cues="actor", binarise=FIXED)
    initial, final = first_labels(own, params)
    saliency = boundary_connectivity(own.image, own.superpixels)
    assert np.array_equal(final, mark_background(initial, saliency, 0.12))
    assert (initial[8:14, 4:16] == 2).all() and (final[8:14, 4:16] == 2).all()
    assert (final[14:20, 4:16] == 255).all()  # bright, but not in the mask
    assert (initial[26:, 34:] == 2).all() and (final[26:, 34:] == 255).all()  # the other way round
    assert (final[0:4] == 0).all()


def test_all_cues_are_used() -> None:
    own = replace(cues(), action_maps=np.ones((1, 32, 40), np.float32))
    initial, _ = first_labels(own, InitialParams(binarise=FIXED))
    assert (initial == 2).all()


def test_motion_segments() -> None:
    segment = np.zeros((32, 40), bool)
    segment[5:9, 3:30] = True
    params = InitialParams(method="motion_segments")
    own = replace(cues(), segment=segment)
    for labels in first_labels(own, params):
        assert np.array_equal(labels, 2 * segment) and labels.dtype == np.uint8
    several = replace(own, pairs=[TaggedPair(2, 0, 0), TaggedPair(3, 0, 0)])
    for labels in first_labels(several, params):  # nobody knows which of the two moves where
        assert np.array_equal(labels, 255 * segment)
    with pytest.raises(ValueError, match="expected a motion segment of frame 0 of v"):
        first_labels(cues(), params)


def test_the_cue_that_a_method_cannot_do_without() -> None:
    needed = {name: InitialParams(method=name).needed_cues() for name in METHODS}
    assert needed == {
        "superpixels": {"actor": "the method superpixels"},
        "saliency": {"actor": "the method saliency"},
        "motion_segments": {"motion": "the method motion_segments"},
    }
