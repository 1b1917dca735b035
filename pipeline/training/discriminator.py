"""The cut-and-paste discriminator: trained on patches, scored on videos it was not fitted to.

Original foreground patches are real, cut-and-paste patches fake (WS2 Sec. 3.2, Fig. 5). The videos
are divided into folds; each fold is scored by a discriminator that was fitted to the others, since
a discriminator memorises the patches that it is trained on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.networks.discriminator import Discriminator
from pipeline.networks.inference import device_of
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.params import Params
from pipeline.runtime.reproducible import derive_seed
from pipeline.training.batches import Batch, SampledBatches
from pipeline.training.loop import fit
from pipeline.training.optimisation import FitParams

Patches = npt.NDArray[np.uint8]  # N S S 3, RGB


class DiscriminatorParams(Params):
    """The discriminator and its training.

    Attributes:
        patch: side of a patch in pixels, to which foreground squares are resized.
        folds: groups of videos; at least 2.
        fit: optimisation of one fold.
    """

    patch: int = Field(64, ge=32)
    folds: int = Field(3, ge=2)
    fit: FitParams


class PatchBatches(SampledBatches):
    """As many real patches as fake ones, mirrored at random."""

    def __init__(self, real: Patches, fake: Patches, size: int, seed: int) -> None:
        super().__init__(seed, size)
        self.real, self.fake = real, fake

    def sample(self, rng: np.random.Generator) -> Batch:
        """``images`` 3 S S, uint8; ``target`` 1 for a real patch, 0 for a fake one."""
        target = int(rng.integers(2))
        pool = self.real if target else self.fake
        patch = pool[rng.integers(len(pool))]
        if rng.random() < 0.5:
            patch = np.ascontiguousarray(patch[:, ::-1])
        tensor = torch.from_numpy(patch).permute(2, 0, 1)
        return {"images": tensor, "target": torch.tensor(float(target))}


def discriminator_loss(model: nn.Module, batch: Batch) -> Tensor:
    """Binary cross-entropy, real = 1."""
    logits = model(scale_patches(batch["images"]))
    return F.binary_cross_entropy_with_logits(logits.flatten(), batch["target"])


def scale_patches(patches: Tensor) -> Tensor:
    """0..255 to [-1, 1]."""
    return patches.float() / 127.5 - 1


def score_realness(
    real: Patches,
    fake: Patches,
    videos: Sequence[str],
    params: DiscriminatorParams,
    machine: MachineParams,
    seed: int,
) -> tuple[npt.NDArray[np.float64], float]:
    """How real each cut-and-paste patch looks to a discriminator that has not seen its video.

    Args:
        real: original foreground patches N S S 3.
        fake: the cut-and-paste patch of each, N S S 3.
        videos: the video of each.
        params: network and folds.
        machine: where to train; a fold is small and takes one device.
        seed: of folds and training.

    Returns:
        Probabilities N that the cut-and-paste patch is real, and the share (0..1) of patches, real
        and fake, that were told right in their held-out fold.
    """
    names = sorted(set(videos))
    order = np.random.default_rng(derive_seed(seed, "folds")).permutation(len(names))
    fold_of = {names[v]: i % params.folds for i, v in enumerate(order)}
    folds = np.array([fold_of[v] for v in videos])
    probs, right = np.full(len(videos), 0.5), []
    one = machine.model_copy(update={"devices": 1})
    for fold in range(params.folds):
        held = folds == fold
        if not held.any() or held.all():
            continue
        torch.manual_seed(derive_seed(seed, "discriminator", fold))
        model = Discriminator()
        batches = PatchBatches(real[~held], fake[~held], params.fit.batch, derive_seed(seed, fold))
        fit(model, batches, discriminator_loss, params.fit, one)
        model.eval()
        probs[held] = _probs(model, fake[held])
        right += [probs[held] < 0.5, _probs(model, real[held]) >= 0.5]
    return probs, float(np.concatenate(right).mean()) if right else float("nan")


@torch.no_grad()
def _probs(model: nn.Module, patches: Patches) -> npt.NDArray[np.float64]:
    device = device_of(model)
    parts = [
        torch.sigmoid(model(scale_patches(torch.from_numpy(part).to(device).permute(0, 3, 1, 2))))
        for part in np.array_split(patches, max(len(patches) // 256, 1))
    ]
    return torch.cat([p.flatten() for p in parts]).double().cpu().numpy()
