import pytest
import torch

from pipeline.networks.small_3d import Small3D, subtract_temporal_median


def test_median_by_hand() -> None:
    # One pixel over 4 frames; the lower of the two middle values 10 and 20 is 10.
    clip = torch.zeros(1, 3, 4, 1, 2, dtype=torch.uint8)
    clip[0, 0, :, 0, 0] = torch.tensor([20, 10, 200, 5])
    clip[0, 1, :, 0, 1] = 77  # nothing moves
    result = subtract_temporal_median(clip)
    assert result.dtype == torch.float32
    assert result[0, 0, :, 0, 0].tolist() == [10, 0, 190, -5]
    assert result[0, 1].abs().max() == 0


def test_a_still_clip_is_zero_for_the_network_whatever_it_shows() -> None:
    model = Small3D(2)
    still = torch.randint(0, 256, (1, 3, 1, 8, 8), dtype=torch.uint8).expand(1, 3, 8, 8, 8)
    assert model.normalise(still).abs().max() == 0
    moving = still.clone()
    moving[:, :, 3] = 255 - moving[:, :, 3]
    assert model.normalise(moving)[:, :, 3].abs().max() > 0


def test_frames_are_refused() -> None:
    with pytest.raises(ValueError, match="expected input B 3 T H W"):
        subtract_temporal_median(torch.zeros(1, 3, 8, 8))


def test_it_tells_left_from_right_after_a_few_steps() -> None:
    """The order of the frames reaches the decision: mirrored in time, the class changes."""
    clip = torch.zeros(8, 3, 8, 16, 16)
    for b in range(8):
        for t in range(8):
            clip[b, :, t, b : b + 5, t : t + 5] = 255
    clips = torch.cat([clip, clip.flip(2)])
    target = torch.tensor([0] * 8 + [1] * 8)
    model = Small3D(2)
    x = model.normalise(clips)
    optimiser = torch.optim.AdamW(model.parameters(), 1e-2)
    for _ in range(25):
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), target)
        loss.backward()
        optimiser.step()
    assert (model(x).argmax(1) == target).all()
