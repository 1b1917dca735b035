"""Gradient-weighted class activation maps in 2D and 3D.

Grad-CAM: Selvaraju et al. 2017; over time as well: WS2, section 4, Eq. 4 and 5. Grad-CAM++:
Chattopadhay et al. 2018 (arXiv 1710.11063), Eq. 18 and 19. Axes: ``B`` samples, ``C`` channels,
``K`` classes, ``[T'] h w`` the positions of a map, with the time axis for clips only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from pipeline.networks.base import Classifier

Method = Literal["grad_cam", "grad_cam++"]


def grad_cam(features: Tensor, gradients: Tensor) -> Tensor:
    """Grad-CAM (WS2, Eq. 4 and 5): ReLU of the channels weighted by their mean gradient.

    Args:
        features: ``B C [T'] h w``.
        gradients: of one class score with respect to ``features``, same shape.

    Returns:
        Maps ``B [T'] h w``, >= 0.

    Raises:
        ValueError: the shapes differ or have no positions.
    """
    _check_pair(features, gradients)
    weights = gradients.flatten(2).mean(2)
    return torch.einsum("bc,bc...->b...", weights, features).relu()


def grad_cam_from_weights(
    features: Tensor, class_weights: Tensor, classes: Sequence[int]
) -> Tensor:
    """Grad-CAM in closed form for global average pooling and one linear layer.

    The score is the class's row of weights times the mean of the features, so its gradient is
    that row divided by the number of positions, at every position: no backward pass.

    Args:
        features: ``B C [T'] h w``.
        class_weights: ``K C``, of the linear layer.
        classes: indices 0..K-1.

    Returns:
        Maps ``B len(classes) [T'] h w``, >= 0, equal to ``grad_cam`` with the gradients.

    Raises:
        ValueError: shapes do not fit, or a class is out of range.
    """
    if features.ndim < 3 or class_weights.ndim != 2 or class_weights.shape[1] != features.shape[1]:
        raise ValueError(
            "expected features B C [T] h w and class weights K C, received "
            f"{tuple(features.shape)} and {tuple(class_weights.shape)}"
        )
    _check_classes(classes, class_weights.shape[0])
    positions = features[0, 0].numel()
    weights = class_weights[list(classes)] / positions
    return torch.einsum("kc,bc...->bk...", weights, features).relu()


def grad_cam_plus_plus(features: Tensor, gradients: Tensor) -> Tensor:
    """Grad-CAM++ with Y = exp(S), for which all higher derivatives come from the first one.

    With g = dS/dA (Eq. 19): alpha = g^2 / (2 g^2 + sum(A) g^3), and the weight of a channel is
    sum(alpha ReLU(dY/dA)) (Eq. 18, 5). Only g > 0 counts in it, where the fraction is
    1 / (2 + sum(A) g): never 0 / 0. dY/dA = exp(S) g; the factor exp(S) > 0 is common to all
    channels of a map and is left out, since maps are normalised afterwards and exp overflows.

    Args:
        features: A, ``B C [T'] h w``, >= 0 (after ReLU).
        gradients: of the class score S, before softmax, same shape.

    Returns:
        Maps ``B [T'] h w``, >= 0.

    Raises:
        ValueError: the shapes differ or have no positions.
    """
    _check_pair(features, gradients)
    positive = gradients.flatten(2).relu()
    sums = features.flatten(2).sum(2, keepdim=True)
    weights = (positive / (2 + sums * positive)).sum(2)
    return torch.einsum("bc,bc...->b...", weights, features).relu()


def class_maps(
    model: Classifier,
    x: Tensor,
    classes: Sequence[int],
    method: Method = "grad_cam",
    layer: str | None = None,
) -> Tensor:
    """Maps of ``classes`` for a batch of frames or clips.

    Takes the closed form where it holds (Grad-CAM, last layer, pooling and one linear layer) and
    otherwise differentiates with respect to the features only: nothing before the layer is kept
    for a backward pass and no parameter gets a gradient.

    Args:
        model: in evaluation mode.
        x: normalised ``B 3 [T] H W``.
        classes: indices; the same for all samples.
        method: which maps.
        layer: a name in ``model.layers``; None is the last one.

    Returns:
        Maps ``B len(classes) [T'] h w``, >= 0, not normalised, without gradient.

    Raises:
        ValueError: the model is in training mode (batch norm would mix the samples), or a class
            is out of range.
        InputError: the model has no such layer.
    """
    if model.training:
        raise ValueError("expected a model in evaluation mode, received one in training mode")
    if not classes:
        raise ValueError("expected at least one class, received none")
    last = layer is None or layer == model.last_layer
    if last:
        with torch.no_grad():
            features = model.features(x)
        weights = model.class_weights
        if method == "grad_cam" and weights is not None:
            return grad_cam_from_weights(features, weights.detach(), classes)
        with torch.enable_grad():
            features.requires_grad_()
            logits = model.logits_from(features)
    else:
        features, logits = _features_and_logits(
            model, x, model.get_submodule(model.layer(layer).path)
        )
    _check_classes(classes, logits.shape[1])
    return _maps_by_autograd(features, logits, classes, method)


def normalise_maps(maps: Tensor, axes: int = 2) -> Tensor:
    """Each map to [0, 1] by its maximum; a map of zeros stays.

    Args:
        maps: ``... h w`` or ``... T' h w``, >= 0.
        axes: how many trailing axes make one map: 2 for each frame by itself, 3 for a clip as a
            whole, which keeps a frame without the class dark.

    Raises:
        ValueError: there are not so many axes.
    """
    if not 1 <= axes <= maps.ndim:
        raise ValueError(f"expected at least {axes} axes, received shape {tuple(maps.shape)}")
    peak = maps.amax(dim=tuple(range(-axes, 0)), keepdim=True)
    return torch.where(peak > 0, maps / peak.clamp_min(torch.finfo(maps.dtype).tiny), maps)


def _maps_by_autograd(
    features: Tensor, logits: Tensor, classes: Sequence[int], method: Method
) -> Tensor:
    combine = grad_cam if method == "grad_cam" else grad_cam_plus_plus
    maps = []
    for i, c in enumerate(classes):
        # Samples do not influence one another, so the sum over B gives each its own gradient.
        (gradients,) = torch.autograd.grad(
            logits[:, c].sum(), features, retain_graph=i + 1 < len(classes)
        )
        maps.append(combine(features.detach(), gradients))
    return torch.stack(maps, dim=1)


def _features_and_logits(model: Classifier, x: Tensor, layer: nn.Module) -> tuple[Tensor, Tensor]:
    """Output of ``layer`` as a leaf of the graph, and the logits computed from it."""
    caught: list[Tensor] = []

    def cut(module: nn.Module, args: object, output: Tensor) -> Tensor:
        caught.append(output.detach().requires_grad_())
        torch.set_grad_enabled(True)  # from here on; the surrounding no_grad restores the mode
        return caught[0]

    handle = layer.register_forward_hook(cut)
    try:
        with torch.no_grad():
            logits = model(x)
    finally:
        handle.remove()
    return caught[0], logits


def _check_pair(features: Tensor, gradients: Tensor) -> None:
    if features.ndim < 3 or features.shape != gradients.shape:
        raise ValueError(
            "expected features and gradients B C [T] h w of one shape, received "
            f"{tuple(features.shape)} and {tuple(gradients.shape)}"
        )


def _check_classes(classes: Sequence[int], num_classes: int) -> None:
    if not all(0 <= c < num_classes for c in classes):
        raise ValueError(f"expected classes in 0..{num_classes - 1}, received {list(classes)}")
