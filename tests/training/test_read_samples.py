from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.artifacts.frames import Frames
from pipeline.datasets.clips import ClipInput, ClipParams
from pipeline.training.augment import AugmentParams
from pipeline.training.read_samples import FrameMap, FrameReader
from tests.tiny import images, write_frames

RNG = np.random.default_rng


@pytest.fixture
def frames(tmp_path: Path) -> Frames:
    return write_frames(tmp_path, count=6, keys=(1, 3))


def test_a_frame_alone(frames: Frames) -> None:
    reader = FrameReader(frames, AugmentParams(flip=False), None)
    sample = reader.read("b", 3, {}, RNG(0))
    assert set(sample) == {"images"} and sample["images"].dtype == torch.uint8
    picture = images(6, 32, 40, seed=1)[3]
    assert np.array_equal(sample["images"].permute(1, 2, 0).numpy(), picture)


def test_frame_maps_and_clip_are_cropped_alike(frames: Frames) -> None:
    augment = AugmentParams(crop=(40, 44), scale=(0.8, 1.25), hue=0.5)
    reader = FrameReader(frames, augment, ClipInput(clip=ClipParams(frames=5)))
    # the map says where each pixel is from
    position = np.arange(32 * 40, dtype=np.int32).reshape(32, 40)
    mirrored = set()
    for seed in range(8):
        rng = RNG(seed)
        sample = reader.read("b", 3, {"position": FrameMap(position, -1)}, rng)
        assert sample["images"].shape == (3, 40, 44) and sample["position"].dtype == torch.int64
        # frames 1..5 around frame 3, which is the middle one
        assert sample["clips"].shape == (3, 5, 40, 44)
        assert torch.equal(sample["clips"][:, 2], sample["images"])
        assert not torch.equal(sample["clips"][:, 0], sample["images"])
        inside = sample["position"] >= 0
        assert int((~inside).sum()) > 0 or seed  # frames smaller than the crop have a border
        rows = sample["position"] // 40
        assert (rows.diff(dim=0)[inside[1:] & inside[:-1]] >= 0).all()
        columns = (sample["position"] % 40)[inside.any(1)][0]
        known = columns[sample["position"][inside.any(1)][0] >= 0]
        mirrored.add(bool(known[0] > known[-1]))
    assert mirrored == {True, False}


def test_the_clip_is_as_large_as_its_network_wants(frames: Frames) -> None:
    clip = ClipInput(clip=ClipParams(frames=3, step=2), side=16)
    reader = FrameReader(frames, AugmentParams(flip=False), clip)
    sample = reader.read("a", 1, {}, RNG(0))
    assert sample["clips"].shape == (3, 3, 16, 20)
    # positions 0, 2, 4: the square of `images` moves two pixels a frame, one here
    bright = (sample["clips"][0] > 150).float()
    starts = [int(torch.nonzero(b.any(0))[0]) for b in bright]
    assert starts == [2, 4, 6]
