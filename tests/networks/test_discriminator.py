import pytest
import torch
from torch import nn

from pipeline.networks.discriminator import Discriminator


def test_five_convolutions_of_stride_two() -> None:
    model = Discriminator(width=4)
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    assert [c.out_channels for c in convolutions] == [4, 8, 16, 32, 32]
    assert sum(isinstance(m, nn.LeakyReLU) for m in model.modules()) == 5
    assert model.layers(torch.zeros(1, 3, 64, 64)).shape == (1, 32, 2, 2)


def test_one_logit_a_patch_that_depends_on_the_patch() -> None:
    model = Discriminator(width=8)
    patches = model.normalise(torch.randint(0, 256, (5, 3, 48, 48), dtype=torch.uint8))
    logits = model(patches)
    assert logits.shape == (5,)
    assert logits.std() > 1e-3  # the signal survives five layers without batch norm
    torch.testing.assert_close(model(patches[2:3]), logits[2:3])


def test_squares_only() -> None:
    with pytest.raises(ValueError, match=r"expected square patches.*\(1, 3, 32, 40\)"):
        Discriminator()(torch.zeros(1, 3, 32, 40))
