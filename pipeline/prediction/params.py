"""How a segmenter's answer becomes a label map: decoding rule and corrections.

Two sections. ``prediction`` applies to every prediction, also to those that RIC is computed on;
``predict_pa`` is added for the next pseudo-annotation and for the evaluation of a model.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from pydantic import create_model, field_validator

from pipeline.networks.inference import Rule
from pipeline.prediction.correction import Correction
from pipeline.prediction.table import CORRECTIONS
from pipeline.runtime.params import Params
from pipeline.vision.superpixel_refinement import RefineParams

# A field for the parameters of each correction, listed or not.
_fields: Any = {name: (part.params, part.params()) for name, part in CORRECTIONS.items()}
_Parameters: Any = create_model("_Parameters", __base__=Params, **_fields)


class Chosen(NamedTuple):
    """A correction that a recipe lists, with its parameters."""

    name: str
    part: Correction
    params: Params


class CorrectionsParams(_Parameters):
    """A list of corrections, and the parameters of each under its name.

    Attributes:
        corrections: names of :data:`pipeline.prediction.table.CORRECTIONS`, in the order in which
            they apply.
    """

    corrections: tuple[str, ...] = ()

    @field_validator("corrections")
    @classmethod
    def _known_and_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in names if name not in CORRECTIONS]
        if unknown:
            raise ValueError(f"unknown correction {unknown[0]}; known: {', '.join(CORRECTIONS)}")
        if len(set(names)) < len(names):
            raise ValueError("a correction is listed twice")
        return names

    def chosen(self) -> list[Chosen]:
        """The listed corrections, in their order."""
        return [Chosen(n, CORRECTIONS[n], getattr(self, n)) for n in self.corrections]

    def needed_cues(self) -> dict[str, str]:
        """The cues that the listed corrections cannot do without, each with what asks for it."""
        return {cue: f"the correction {c.name}" for c in self.chosen() for cue in c.part.needs}


class PredictionParams(CorrectionsParams):
    """The ``prediction`` section: what every prediction goes through.

    Attributes:
        rule: what has to be more probable than the background, see
            :class:`pipeline.networks.inference.Decoding`.
        refine: Algorithm 2 of WS2, with which RIC refines a prediction to judge it.
    """

    rule: Rule = "argmax"
    refine: RefineParams = RefineParams()


class PredictPaParams(CorrectionsParams):
    """The ``predict_pa`` section: what is added for the next pseudo-annotation.

    Attributes:
        criterion: which epoch of a training predicts: the best by RIC (WS2) or by mIoU_PA, or the
            last one.
    """

    criterion: Literal["ric", "miou_pa", "last"] = "ric"

    @field_validator("corrections")
    @classmethod
    def _nothing_calibrated(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if CORRECTIONS[name].calibrated:
                raise ValueError(f"{name} belongs to prediction.corrections, where RIC sees it")
        return names
