from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from pipeline.networks.i3d import I3D, MaxPoolSame, Unit3D, pad_same
from pipeline.networks.weights import WeightsParams, load_weights


def test_same_padding_by_hand() -> None:
    # TensorFlow: ceil(n / s) outputs; 5 with kernel 3, stride 2 needs (3-1)*2+3-5 = 2: 1 + 1;
    # 6 with the same needs 1, behind; 7 with kernel 1, stride 1 needs none.
    x = torch.ones(1, 1, 5, 6, 7)
    padded = pad_same(x, (3, 3, 1), (2, 2, 1))
    assert padded.shape == (1, 1, 7, 7, 7)
    assert padded[0, 0, :, 0, 0].tolist() == [0, 1, 1, 1, 1, 1, 0]
    assert padded[0, 0, 1, :, 0].tolist() == [1, 1, 1, 1, 1, 1, 0]
    assert padded[0, 0, 1, 0].tolist() == [1] * 7


def test_unit_takes_the_right_neighbours() -> None:
    unit = Unit3D(1, 1, (1, 1, 3), (1, 1, 2), plain=True)
    nn.init.ones_(unit.conv3d.weight)
    nn.init.zeros_(unit.conv3d.bias)
    x = torch.tensor([1.0, 2, 4, 8, 16, 32]).reshape(1, 1, 1, 1, 6)
    assert unit(x).flatten().tolist() == [7, 28, 48]  # 1+2+4, 4+8+16, 16+32+0


def test_pooling_ignores_the_padding() -> None:
    x = torch.tensor([3.0, 1, 2, 5, 4]).reshape(1, 1, 1, 1, 5)
    pool = MaxPoolSame((1, 1, 3), (1, 1, 2))
    assert pool(x).flatten().tolist() == [3, 5, 5]


def test_names_are_the_widespread_ones() -> None:
    with torch.device("meta"):
        state = I3D(400).state_dict()
    assert len(state) == 57 * 6 + 2  # 57 convolutions with batch norm, logits with bias
    assert state["Mixed_4f.b1b.conv3d.weight"].shape == (320, 160, 3, 3, 3)
    assert state["Conv3d_1a_7x7.bn.running_var"].shape == (64,)
    assert state["logits.conv3d.bias"].shape == (400,)


def test_batch_norm_epsilon() -> None:
    norms = [m for m in I3D(2).modules() if isinstance(m, nn.BatchNorm3d)]
    assert len(norms) == 57
    assert all(m.eps == 1e-3 for m in norms)


@pytest.mark.slow
def test_kinetics_weights_recognise_breakdancing(shared_dir: Path) -> None:
    model = I3D(400).eval()
    path = shared_dir / "weights" / "i3d_rgb_kinetics400.pt"
    load_weights(model, WeightsParams(source="file", path=str(path)), strict_except=())
    files = sorted((shared_dir / "real/davis8/JPEGImages/480p/breakdance").glob("*.jpg"))
    start = (len(files) - 32) // 2
    frames = [cv2.imread(str(f))[:, :, ::-1] for f in files[start : start + 32]]
    clip = np.stack([cv2.resize(f[:, 187:667], (224, 224)) for f in frames])
    x = model.normalise(torch.from_numpy(clip).permute(3, 0, 1, 2)[None])
    with torch.no_grad():
        probs = model(x).softmax(1)[0]
    assert probs.argmax() == 34  # "breakdancing" in the alphabetical list of Kinetics-400
    assert probs.max() > 0.3
