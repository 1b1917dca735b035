"""Contracts of the networks: what a backbone and a classifier offer to the rest of the library."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Literal, NamedTuple

from torch import Tensor, nn
from torch.nn import functional

from pipeline.datasets.clips import ClipInput
from pipeline.runtime.errors import InputError

State = dict[str, Tensor]


class Network(nn.Module, ABC):
    """What weight loading and input preparation need to know about a network.

    Attributes:
        torchvision_name: name of the published torchvision model, ``None`` where there is none.
        new_layers: name prefixes of the layers that pretrained weights may lack or hold for
            another number of classes; these then keep their initialisation.
    """

    torchvision_name: str | None = None
    new_layers: tuple[str, ...] = ()

    @abstractmethod
    def normalise(self, x: Tensor) -> Tensor:
        """Bring raw RGB, uint8 or float in 0..255, to the range that the network was made for."""

    def from_published(self, state: Mapping[str, Tensor]) -> State:
        """Rename the published tensors of this architecture; names of our own stay as they are."""
        return dict(state)


class Backbone(Network):
    """Convolutional trunk: ``B 3 H W`` to ``B C h w`` with ``h = ceil(H / output_stride)``.

    Parameter names do not depend on ``output_stride``, so that a dilated backbone can take over
    the weights of a strided one.

    Attributes:
        channels: C.
        output_stride: pixels for each position of the map.
        output_strides: all values that the constructor accepts.
    """

    channels: int
    output_stride: int
    output_strides: ClassVar[tuple[int, ...]]


class SegmenterOutput(NamedTuple):
    """What training reads of a segmenter.

    Attributes:
        logits: ``B K H W`` at the size of the input.
        embeddings: ``B D h w``, unit vectors; None for a segmenter that has none.
    """

    logits: Tensor
    embeddings: Tensor | None = None


class Segmenter(Network):
    """A network that labels each pixel of a frame.

    Attributes:
        num_classes: K, background included.
        backbone: its trunk.
        clip_input: clips that it wants beside each frame, through ``encode_clips``; None for none.
    """

    num_classes: int
    backbone: Backbone
    clip_input: ClipInput | None = None

    def normalise(self, x: Tensor) -> Tensor:
        """Raw RGB ``B 3 H W`` in 0..255 -> the range of the backbone."""
        return self.backbone.normalise(x)

    def from_published(self, state: Mapping[str, Tensor]) -> State:
        """Backbone renamed; the classification layer of a classifier is left out."""
        renamed = self.backbone.from_published(state)
        kept = set(self.state_dict())
        return {k: v for k, v in renamed.items() if k in kept or k.startswith("backbone.")}

    def encode_clips(self, clips: Tensor) -> Tensor:
        """Raw RGB clips ``B 3 T h w`` in 0..255 -> vectors ``B C``; for those with a clip input."""
        raise ValueError(f"{type(self).__name__} looks at no clips")

    @abstractmethod
    def coarse_logits(self, x: Tensor, vectors: Tensor | None = None) -> Tensor:
        """Normalised ``B 3 H W`` (and clip vectors ``B C``) -> logits ``B K h w`` at its stride."""

    @abstractmethod
    def forward(self, x: Tensor, vectors: Tensor | None = None) -> SegmenterOutput:
        """Logits, and embeddings if it has any, of a normalised input."""


class Layer(NamedTuple):
    """A named layer of a classifier, and what the positions of its map see.

    A position stands for the middle of its field of view. Where that lies depends on the padding
    of every strided layer before: evenly padded odd kernels see around pixel 0, 8, 16, ..., while
    a map drawn as if it divided the frame into equal cells puts them at 3.5, 11.5, 19.5, ...

    Attributes:
        path: of the submodule.
        stride: pixels from one position to the next.
        origin: the pixel (0 is the middle of the first one) that the first position stands for.
        temporal_stride, temporal_origin: the same in frames (1 and 0 for 2D).
    """

    path: str
    stride: int
    origin: float = 0.0
    temporal_stride: int = 1
    temporal_origin: float = 0.0


class Classifier(Network):
    """A classifier whose decision can be traced back to places (2D) or places and times (3D).

    Attributes:
        dimensions: 2 for frames ``B 3 H W``, 3 for clips ``B 3 T H W``.
        layers: named layers for Grad-CAM, shallow to deep. The output of the last one is what
            ``features`` returns.
    """

    dimensions: ClassVar[Literal[2, 3]] = 2
    layers: ClassVar[Mapping[str, Layer]]

    @abstractmethod
    def features(self, x: Tensor) -> Tensor:
        """Last convolutional map ``B C [T'] h w`` (after ReLU, >= 0) of a normalised input."""

    @abstractmethod
    def logits_from(self, features: Tensor) -> Tensor:
        """Logits ``B K`` from the map that ``features`` returned."""

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``B K`` of a normalised input ``B 3 [T] H W``."""
        return self.logits_from(self.features(x))

    @property
    def class_weights(self) -> Tensor | None:
        """``K C`` if ``logits_from`` is global average pooling and one linear layer, else None."""
        return None

    def layer(self, name: str | None = None) -> Layer:
        """The layer called ``name`` in ``layers``, None for the last; InputError if none is."""
        if name is None:
            return self.layers[self.last_layer]
        if name not in self.layers:
            raise InputError(
                f"{type(self).__name__} has no layer {name!r}; choose one of "
                f"{', '.join(self.layers)}"
            )
        return self.layers[name]

    @property
    def last_layer(self) -> str:
        """Name of the layer whose output ``features`` returns."""
        return list(self.layers)[-1]


class PooledClassifier(Classifier):
    """Classifier that ends in global average pooling (GAP) and one linear layer.

    The linear layer may be an ``nn.Linear`` or a convolution with a kernel of one position: since
    averaging and a linear layer commute, both are the same function, and Grad-CAM has a closed
    form (see ``pipeline.cues.grad_cam.grad_cam_from_weights``).
    """

    @property
    @abstractmethod
    def classification_layer(self) -> nn.Linear | nn.Conv2d | nn.Conv3d:
        """The linear layer, with a weight ``K C`` or ``K C 1 1 [1]``."""

    @property
    def class_weights(self) -> Tensor:
        """Weights ``K C`` of the linear layer."""
        return self.classification_layer.weight.flatten(1)

    def drop(self, pooled: Tensor) -> Tensor:
        """Dropout on the pooled features ``B C`` while training; none unless overridden."""
        return pooled

    def logits_from(self, features: Tensor) -> Tensor:
        """Logits ``B K`` = linear layer of the mean of ``B C [T'] h w`` over all positions."""
        pooled = self.drop(features.flatten(2).mean(2))
        return functional.linear(pooled, self.class_weights, self.classification_layer.bias)


def check_input(x: Tensor, dimensions: int) -> None:
    """ValueError unless ``x`` is ``B 3 H W`` (dimensions 2) or ``B 3 T H W`` (dimensions 3)."""
    if x.ndim != dimensions + 2 or x.shape[1] != 3:
        expected = "B 3 H W" if dimensions == 2 else "B 3 T H W"
        raise ValueError(f"expected input {expected}, received shape {tuple(x.shape)}")
