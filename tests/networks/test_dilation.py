import pytest
import torch
from torch import nn

from pipeline.networks.base import Backbone
from pipeline.networks.dilation import set_output_stride
from pipeline.networks.resnet import ResNetBackbone
from pipeline.networks.segmenters import BACKBONES
from pipeline.networks.small_resnet import SmallResNetBackbone


def randomise_batch_norm(module: nn.Module) -> None:
    for m in module.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.running_mean.uniform_(-0.2, 0.2)
            m.running_var.uniform_(0.8, 1.2)
            nn.init.uniform_(m.bias, -0.1, 0.1)


@pytest.mark.parametrize(
    ("name", "plain_stride", "dense_stride"),
    [
        ("small_resnet", 8, 4),
        ("small_bagnet", 8, 4),
        ("resnet18", 32, 8),
        ("resnet18", 32, 16),
        ("resnet50", 32, 8),
    ],
)
def test_dilated_backbone_keeps_weights_and_values_at_the_strided_places(
    name: str, plain_stride: int, dense_stride: int
) -> None:
    plain: Backbone = BACKBONES[name](plain_stride).double().eval()
    randomise_batch_norm(plain)
    dense = BACKBONES[name](dense_stride).double().eval()
    dense.load_state_dict(plain.state_dict())  # same names and shapes, or this raises
    x = torch.randn(2, 3, 64, 96, dtype=torch.float64)
    step = plain_stride // dense_stride
    with torch.no_grad():
        coarse, fine = plain(x), dense(x)
    assert coarse.shape == (2, plain.channels, 64 // plain_stride, 96 // plain_stride)
    assert fine.shape == (2, plain.channels, 64 // dense_stride, 96 // dense_stride)
    torch.testing.assert_close(fine[..., ::step, ::step], coarse)
    assert coarse.std() > 1e-3


def test_bottleneck_dilation_agrees_with_torchvision() -> None:
    from torchvision.models import resnet50

    theirs = resnet50(weights=None, replace_stride_with_dilation=[False, True, True])
    ours = ResNetBackbone("resnet50", 8)
    own = dict(ours.named_modules())
    for name, module in theirs.named_modules():
        if isinstance(module, nn.Conv2d):
            mine = own[name]
            assert (mine.stride, mine.padding) == (module.stride, module.padding), name
            assert module.kernel_size == (1, 1) or mine.dilation == module.dilation, name


def test_impossible_strides() -> None:
    with pytest.raises(ValueError, match="output stride 3"):
        SmallResNetBackbone(3)
    with pytest.raises(ValueError, match="closest is 8"):
        SmallResNetBackbone(16)
    with pytest.raises(ValueError, match="only 8 is"):
        BACKBONES["vgg16"](16)
    set_output_stride([nn.Conv2d(1, 1, 3, 2, 1)], first_stride=1, output_stride=2)
