"""The predictor: makes label maps from a segmenter's output and the evidence of a video.

RIC, the next pseudo-annotation, evaluation and co-localisation all use this object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.artifacts.models import Model
from pipeline.networks.base import Segmenter
from pipeline.networks.read_segmenter import read_segmenter
from pipeline.networks.video_inference import segment_video, segment_videos
from pipeline.prediction.answer import Answer
from pipeline.prediction.area_anchor import AnchorParams, BackgroundBias
from pipeline.prediction.params import Chosen, PredictionParams, PredictPaParams
from pipeline.prediction.read_evidence import Evidence
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.reproducible import make_reproducible

Labels = npt.NDArray[np.uint8]


class PredictedLabels(NamedTuple):
    """Label maps ``T H W``: as RIC is computed on them, and as the next pseudo-annotation."""

    initial: Labels
    labels: Labels


class Predictor:
    """A segmenter with a recipe's corrections.

    Args:
        model: in evaluation mode.
        prediction: decoding rule, and corrections that every prediction goes through.
        last: corrections that follow for the next pseudo-annotation; None for none.
        bias: the background biases that were calibrated for this model.
    """

    def __init__(
        self,
        model: Segmenter,
        prediction: PredictionParams,
        last: PredictPaParams | None = None,
        bias: BackgroundBias | None = None,
    ) -> None:
        self.model = model
        self.rule = prediction.rule
        self.corrections = prediction.chosen()
        self.last = [] if last is None else last.chosen()
        self.bias = BackgroundBias() if bias is None else bias
        self.keeps_logits = any(c.part.needs_logits for c in [*self.corrections, *self.last])

    def with_bias(self, bias: BackgroundBias) -> Predictor:
        """The same, calibrated."""
        found = copy(self)
        found.bias = bias
        return found

    @property
    def anchor(self) -> AnchorParams | None:
        """The parameters of the area anchor, which has to be calibrated; None without one."""
        found = [c.params for c in self.corrections if isinstance(c.params, AnchorParams)]
        return found[0] if found else None

    @property
    def needs_logits_later(self) -> bool:
        """Whether :meth:`continue_with` looks at the logits of the labels."""
        _, after = self._divided()
        return any(c.part.needs_logits for c in after)

    @property
    def slow(self) -> bool:
        """Whether corrections take longer than the network."""
        return any(c.part.slow for c in [*self.corrections, *self.last])

    def predict(self, evidence: Evidence) -> PredictedLabels:
        """Label maps of some frames of a video."""
        seen = self.answer(evidence)
        final = _apply(self.last, seen, self._biased(evidence))
        return PredictedLabels(seen.labels(), final.labels())

    def answer(self, evidence: Evidence) -> Answer:
        """The answer for some frames of a video after the corrections of every prediction."""
        allowed = evidence.labels
        keep = self.keeps_logits and allowed is not None and len(allowed) > 1
        found = segment_video(
            self.model, evidence.frames, evidence.video, evidence.numbers, allowed, self.rule, keep
        )
        return _apply(self.corrections, Answer.of(found), self._biased(evidence))

    def uncalibrated(
        self, evidence: Iterable[Evidence]
    ) -> Iterator[tuple[Evidence, Answer, Answer]]:
        """The answers of many videos, whose tags are known, that a bias is calibrated on.

        Videos that are alike go through the network together.

        Yields:
            The evidence of each video, and its answer after the corrections before the calibrated
            one, with the tags and without.
        """
        of_video = {e.video: e for e in evidence}
        if not of_video:
            return
        frames = next(iter(of_video.values())).frames
        numbers = {video: e.numbers for video, e in of_video.items()}
        before, _ = self._divided()
        blind = [c for c in before if not c.part.needs_tags]
        for video, found in segment_videos(
            self.model, frames, numbers, self.rule, keep_classes=self.keeps_logits
        ):
            own, answer = of_video[video], Answer.of(found)
            yield own, _apply(before, answer, own), _apply(blind, answer, own)

    def continue_with(self, answer: Answer, evidence: Evidence) -> Answer:
        """An answer of :meth:`uncalibrated` after the remaining corrections."""
        _, after = self._divided()
        return _apply(after, answer, self._biased(evidence))

    def _divided(self) -> tuple[list[Chosen], list[Chosen]]:
        """The corrections before the calibrated one, and those from it on."""
        places = [i for i, c in enumerate(self.corrections) if c.part.calibrated]
        place = places[0] if places else len(self.corrections)
        return self.corrections[:place], self.corrections[place:]

    def _biased(self, evidence: Evidence) -> Evidence:
        bias = self.bias.with_tags if evidence.tags_known else self.bias.without_tags
        return evidence.with_background_bias(bias)


def _apply(corrections: Sequence[Chosen], answer: Answer, evidence: Evidence) -> Answer:
    """One correction after the other; those that need tags are skipped without them."""
    for chosen in corrections:
        if evidence.tags_known or not chosen.part.needs_tags:
            answer = chosen.part.correct(answer, evidence, chosen.params)
    return answer


def read_predictor(
    stored: Model, prediction: PredictionParams, last: PredictPaParams, machine: MachineParams
) -> Predictor | None:
    """The predictor of a model artifact, at the epoch of ``last``; None where none was trained."""
    model = read_segmenter(stored, last.criterion, machine)
    if model is None:
        return None
    bias = BackgroundBias(**stored.description["background_bias"][last.criterion])
    return Predictor(model, prediction, last, bias)


def read_predictor_alone(
    stored: Model, prediction: PredictionParams, last: PredictPaParams, machine: MachineParams
) -> Predictor:
    """:func:`read_predictor` for a worker process: one thread, read once for all its videos."""
    make_reproducible(0, threads=1)  # inference draws nothing
    changed = (stored.folder / "model.json").stat().st_mtime_ns
    found = _read(stored.folder, prediction, last, machine, changed)
    assert found is not None
    return found


@lru_cache(maxsize=1)
def _read(
    folder: Path,
    prediction: PredictionParams,
    last: PredictPaParams,
    machine: MachineParams,
    mtime: int,
) -> Predictor | None:
    """``mtime`` tells a model from its successor of the same name."""
    return read_predictor(Model(folder), prediction, last, machine)
