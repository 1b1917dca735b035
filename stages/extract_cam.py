"""Attention maps of every key frame for the classes its video is tagged with."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.artifacts.kinds import Frames, Maps
from pipeline.cues.video_maps import CamParams, clip_maps, frame_maps
from pipeline.runtime.progress import progress
from pipeline.runtime.reproducible import make_reproducible
from pipeline.training.augment import resize_short_side
from pipeline.training.classifier import Branch, class_numbers, clip_frames, clip_starts
from stages import cli
from stages.classifiers import LoadedClassifier, load_classifier


def run(branch: Branch, frames: Path, model: Path, out: Path) -> None:
    """Write the maps of a branch for all training and validation videos."""
    params, machine = cli.section(f"extract_cam.{branch}", CamParams), cli.machine()
    make_reproducible(cli.seed(), machine.threads)
    classifier = load_classifier(model, machine)
    if classifier is None:
        print(f"extract_cam.{branch}: not needed, there is no {branch} classifier")
        Maps.write_index(out, [], [])
        return
    prepared = Frames(frames)
    rows = []
    for video in progress(prepared.tagged("train", "val"), f"{branch} maps"):
        classes = class_numbers(prepared.tags(video), branch, classifier.classes)
        keys = prepared.key_frames(video)
        maps = _video_maps(classifier, prepared, video, keys, classes, params)
        count = Maps.write(out, video, classes, dict(zip(keys, maps, strict=True)))
        rows.append({"video": video, "rows": count})
    Maps.write_index(out, rows, classifier.classes)


def _video_maps(
    classifier: LoadedClassifier,
    prepared: Frames,
    video: str,
    keys: list[int],
    classes: list[int],
    params: CamParams,
) -> np.ndarray:
    """Maps of the key frames, N C h w."""
    side, clip = classifier.params.side, classifier.params.clip
    if clip is None:
        images = resize_short_side(prepared.images(video, keys), side)
        return frame_maps(classifier.model, images, classes, params)
    stored = prepared.frames(video)
    clips = []
    for start in clip_starts(len(stored), clip):
        numbers = [stored[i] for i in clip_frames(len(stored), clip, start)]
        images = resize_short_side(prepared.images(video, numbers), side)
        clips.append((images, np.array(numbers)))
    return clip_maps(classifier.model, clips, np.array(keys), classes, params)


if __name__ == "__main__":
    cli.run(run)
