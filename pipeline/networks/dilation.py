"""Trade the stride of late stages for dilation (DeepLab-v2, section 3.1)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn


def set_output_stride(stages: Sequence[nn.Module], first_stride: int, output_stride: int) -> None:
    """Change strides and dilations of ``stages`` in place until the map has ``output_stride``.

    Weights and names stay. The dilated network computes, at every ``s``-th position, exactly what
    the strided one computes there, since each convolution after a removed stride reads its inputs
    at the old distance. So a convolution that loses its own stride keeps the dilation up to it,
    and only the ones after it get more.

    Args:
        stages: residual stages in order, made of 3x3 and 1x1 convolutions; at most one 3x3
            convolution of a stage has a stride, and shortcuts are 1x1.
        first_stride: stride of all that lies before the stages.
        output_stride: wanted stride behind them.

    Raises:
        ValueError: the stages cannot give this stride.
    """
    stride, dilation = first_stride, 1
    for stage in stages:
        convolutions = [m for m in stage.modules() if isinstance(m, nn.Conv2d)]
        stage_stride = max(c.stride[0] for c in convolutions)
        remove = stride * stage_stride > output_stride
        for conv in convolutions:
            strided = conv.stride != (1, 1)
            if remove:
                conv.stride = (1, 1)
            if conv.kernel_size == (3, 3):
                conv.dilation = conv.padding = (dilation, dilation)
                if strided and remove:
                    dilation *= stage_stride
        if not remove:
            stride *= stage_stride
    if stride != output_stride:
        raise ValueError(f"output stride {output_stride} is not possible, closest is {stride}")
