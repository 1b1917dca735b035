"""The table of corrections: what a recipe may list, in the order in which they are to apply."""

from __future__ import annotations

from pipeline.prediction.action_prior import ACTION_PRIOR
from pipeline.prediction.alignment import ALIGNMENT
from pipeline.prediction.area_anchor import AREA_ANCHOR
from pipeline.prediction.correction import Correction
from pipeline.prediction.latent_labels import LATENT_LABELS
from pipeline.prediction.superpixel_refinement import SUPERPIXEL_REFINEMENT

CORRECTIONS: dict[str, Correction] = {
    "action_prior": ACTION_PRIOR,
    "area_anchor": AREA_ANCHOR,
    "superpixel_refinement": SUPERPIXEL_REFINEMENT,
    "alignment": ALIGNMENT,
    "latent_labels": LATENT_LABELS,
}
