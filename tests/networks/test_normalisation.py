import pytest
import torch

from pipeline.networks.normalisation import to_centred, to_imagenet, to_symmetric


def test_ranges_by_hand() -> None:
    x = torch.tensor([0, 51, 255], dtype=torch.uint8)
    torch.testing.assert_close(to_symmetric(x), torch.tensor([-1.0, -0.6, 1.0]))
    torch.testing.assert_close(to_centred(x), torch.tensor([-2.0, -1.2, 2.0]))


@pytest.mark.parametrize("extra", [(), (2,)])
def test_imagenet_channel_by_channel(extra: tuple[int, ...]) -> None:
    x = torch.full((1, 3, *extra, 1, 1), 102, dtype=torch.uint8)  # 0.4 of 255
    expected = [(0.4 - 0.485) / 0.229, (0.4 - 0.456) / 0.224, (0.4 - 0.406) / 0.225]
    result = to_imagenet(x)
    assert result.shape == x.shape
    torch.testing.assert_close(
        result.reshape(3, -1)[:, 0], torch.tensor(expected), rtol=1e-4, atol=1e-5
    )


def test_uint8_and_float_agree() -> None:
    x = torch.randint(0, 256, (2, 3, 4, 5), dtype=torch.uint8)
    for normalise in (to_symmetric, to_centred, to_imagenet):
        assert torch.equal(normalise(x), normalise(x.float()))
