import pytest
import torch
from torch import nn

from pipeline.networks.deeplab import ASPP, DeepLab
from pipeline.networks.segmenters import BACKBONES


def test_aspp_is_a_sum_by_hand() -> None:
    """Branch i has constant weight w_i; on a map of ones it counts the taps inside the map."""
    aspp = ASPP(2, 1, rates=(1, 2, 5))
    for branch, weight in zip(aspp.branches, (1.0, 10.0, 100.0), strict=True):
        nn.init.constant_(branch.weight, weight)
        nn.init.constant_(branch.bias, 0.5)
    result = aspp(torch.ones(1, 2, 5, 5))[0, 0]
    # Two channels. Centre: all 9 taps inside at rates 1 and 2, the middle one alone at rate 5.
    assert result[2, 2].item() == 2 * (9 * 1 + 9 * 10 + 1 * 100) + 1.5
    # Corner: 4 taps inside at rates 1 and 2.
    assert result[0, 0].item() == 2 * (4 * 1 + 4 * 10 + 1 * 100) + 1.5
    # One in from the corner: 9 taps at rate 1, 4 at rate 2.
    assert result[1, 1].item() == 2 * (9 * 1 + 4 * 10 + 1 * 100) + 1.5


@pytest.mark.parametrize(
    ("name", "stride"),
    [("small_resnet", 4), ("small_bagnet", 4), ("resnet18", 8), ("resnet50", 8), ("vgg16", 8)],
)
def test_shapes(name: str, stride: int) -> None:
    model = DeepLab(BACKBONES[name](stride), 5, rates=(1, 2)).eval()
    x = torch.randn(1, 3, 40, 52)
    with torch.no_grad():
        coarse = model.coarse_logits(x)
        assert coarse.shape == (1, 5, 40 // stride, -(-52 // stride))
        assert model(x).logits.shape == (1, 5, 40, 52)


def test_enlargement_is_bilinear() -> None:
    class Ramp(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.tensor([0.0, 1.0]).reshape(1, 1, 1, 2).expand(1, 1, 2, 2)

    model = DeepLab(BACKBONES["small_resnet"](4), 1, rates=(1,))
    model.aspp = Ramp()  # type: ignore[assignment]
    row = model.eval()(torch.zeros(1, 3, 8, 8)).logits[0, 0, 3]
    # Pixel centres: positions 0 and 1 of the map lie at 1.5 and 5.5 of the image.
    torch.testing.assert_close(row, torch.tensor([0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1]))


def test_normalise_is_the_backbones() -> None:
    x = torch.randint(0, 256, (1, 3, 4, 4), dtype=torch.uint8)
    for name in ("small_resnet", "vgg16"):
        backbone = BACKBONES[name](8)
        assert torch.equal(DeepLab(backbone, 2).normalise(x), backbone.normalise(x))
