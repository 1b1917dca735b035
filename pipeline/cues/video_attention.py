"""Attention maps of every key frame for the classes its video is tagged with."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.maps import Maps
from pipeline.cues.video_cue import Cue, CueInputs
from pipeline.cues.video_maps import CamParams, answering_classes, clip_maps, frame_maps
from pipeline.datasets.classes import NOTHING, Branch, class_numbers
from pipeline.datasets.clips import clip_frames, clip_starts, resize_short_side
from pipeline.networks.classifiers import class_scores
from pipeline.networks.read_classifier import LoadedClassifier, read_classifier
from pipeline.runtime.machine import MachineParams
from pipeline.runtime.parallel import thread_map
from pipeline.runtime.reproducible import make_reproducible


def compute_attention(
    branch: Branch, inputs: CueInputs, params: CamParams, machine: MachineParams, out: Path
) -> None:
    """Write the maps of a branch for all training and validation videos."""
    assert inputs.classifier is not None  # the cue names its branch
    make_reproducible(0, machine.threads)  # a trained network draws nothing
    classifier = read_classifier(inputs.classifier, machine)
    frames = inputs.frames
    work = partial(_write_maps, out=out, classifier=classifier, frames=frames, params=params)
    videos = [
        (v, class_numbers(frames.tags(v), branch, classifier.classes))
        for v in frames.tagged("train", "val")
    ]
    rows = thread_map(work, videos, f"{branch} maps")
    Maps.write_index(out, rows, classifier.classes)


def _write_maps(
    item: tuple[str, list[int]],
    out: Path,
    classifier: LoadedClassifier,
    frames: Frames,
    params: CamParams,
) -> dict[str, Any]:
    """Write the maps of one video for the classes it is tagged with; its row of the index."""
    video, tagged = item
    keys, own = frames.key_frames(video), classifier.params
    if own.clip is not None:
        maps = _clip_maps(classifier, frames, video, tagged, params)
        by_key = dict(zip(keys, maps, strict=True))
        return {"video": video, "rows": Maps.write(out, video, tagged, by_key)}
    wanted = tagged
    if params.above is not None:
        wanted = [k for k, name in enumerate(classifier.classes) if name != NOTHING]
    images = resize_short_side(frames.images(video, keys), own.side)
    maps, logits = frame_maps(classifier.model, images, wanted, params)
    scores = None if logits is None else class_scores(logits, own.loss)
    kept = tagged
    if params.above is not None and scores is not None:
        kept = answering_classes(tagged, scores[:, wanted], params.above)
    maps = maps[:, [wanted.index(k) for k in kept]]
    by_frame = None if scores is None else dict(zip(keys, scores, strict=True))
    by_key = dict(zip(keys, maps, strict=True))
    return {"video": video, "rows": Maps.write(out, video, kept, by_key, by_frame)}


def _clip_maps(
    classifier: LoadedClassifier,
    frames: Frames,
    video: str,
    classes: list[int],
    params: CamParams,
) -> np.ndarray:
    """Maps of the key frames, N C h w."""
    side, clip = classifier.params.side, classifier.params.clip
    assert clip is not None
    stored, clips = frames.frames(video), []
    for start in clip_starts(len(stored), clip):
        numbers = [stored[i] for i in clip_frames(len(stored), clip, start)]
        images = resize_short_side(frames.images(video, numbers), side)
        clips.append((images, np.array(numbers)))
    keys = np.array(frames.key_frames(video))
    return clip_maps(classifier.model, clips, keys, classes, params)


ACTOR = Cue(CamParams, partial(compute_attention, "actor"), classifier="actor")
ACTION = Cue(CamParams, partial(compute_attention, "action"), classifier="action")
