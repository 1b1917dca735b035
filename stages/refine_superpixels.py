"""PA.v0: attention maps binarised, united, labelled and refined."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.maps import Maps
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.artifacts.superpixels import Superpixels
from pipeline.datasets.taxonomy import is_foreground
from pipeline.initial_pa.map_labels import TaggedPair, shown_labels
from pipeline.initial_pa.methods import FrameCues, InitialParams, first_labels
from pipeline.runtime.errors import InputError
from pipeline.runtime.parallel import parallel_map
from pipeline.vision.resizing import at_full_size
from stages import cli


class Inputs(NamedTuple):
    """Folders of the artifacts that a video is read from."""

    frames: Path
    superpixels: Path
    actor_cam: Path
    action_cam: Path
    motion: Path


class Opened(NamedTuple):
    """The same artifacts, open for reading."""

    frames: Frames
    superpixels: Superpixels
    actor_cam: Maps
    action_cam: Maps
    motion: MotionSegments


def run(
    frames: Path,
    superpixels: Path,
    actor_cam: Path,
    action_cam: Path,
    aggregated: Path,
    motion: Path,
    out: Path,
) -> None:
    """Write PA.v0 of all training and validation videos, from the aggregated maps if there are."""
    params = cli.section("refine_superpixels", InitialParams)
    if Maps(aggregated / "actor").videos:
        actor_cam, action_cam = aggregated / "actor", aggregated / "action"
    if not Maps(action_cam).videos:  # object data sets: the actor alone (WS2 Sec. 3.1)
        params = params.model_copy(update={"cues": "actor"})
    inputs = Inputs(frames, superpixels, actor_cam, action_cam, motion)
    work = partial(_refine, inputs=inputs, out=out, params=params)
    videos = Frames(frames).tagged("train", "val")
    needed = MotionSegments(motion) if params.method == "motion_segments" else Maps(actor_cam)
    if params.method == "motion_segments" and not needed.videos:
        raise InputError(
            "no video has motion segments: refine_superpixels.method motion_segments needs videos "
            "of two frames or more"
        )
    if needed.videos:  # the label filter leaves videos out; still images do not move
        videos = [v for v in videos if v in needed]
    rows = parallel_map(work, videos, cli.machine(), "PA.v0")
    share = sum(r.pop("foreground") for r in rows) / max(sum(r.pop("pixels") for r in rows), 1)
    LabelMaps.write_index(
        out, rows, {"version": "v0", "model": None, "selection": None, "initial_share": share}
    )


def _refine(video: str, inputs: Inputs, out: Path, params: InitialParams) -> dict[str, Any]:
    opened = Opened(
        Frames(inputs.frames),
        Superpixels(inputs.superpixels),
        Maps(inputs.actor_cam),
        Maps(inputs.action_cam),
        MotionSegments(inputs.motion),
    )
    frames, cam = opened.frames, opened.actor_cam
    initial, refined = {}, {}
    for n in cam.frames(video) if video in cam else frames.key_frames(video):
        initial[n], refined[n] = first_labels(_cues(video, n, opened), params)
    counted = video in frames.of_split("train")
    labelled = sum(int(is_foreground(m).sum()) for m in refined.values())
    return {
        "video": video,
        "rows": LabelMaps.write(out, video, refined, initial),
        "foreground": labelled if counted else 0,
        "pixels": sum(m.size for m in refined.values()) if counted else 0,
    }


def _cues(video: str, frame: int, opened: Opened) -> FrameCues:
    """What is known about one frame; without actor maps any tagged actor may be seen."""
    frames, superpixels, actor_cam, action_cam, motion = opened
    tags, taxonomy = frames.tags(video), frames.taxonomy
    seen = actor_cam.maps(video, frame) if video in actor_cam else {tag[0] for tag in tags}
    shown = shown_labels(seen, tags, taxonomy)
    actors, actions = (sorted({tag[i] for tag, _ in shown}) for i in (0, 1))
    regions = superpixels.superpixels(video, frame)
    return FrameCues(
        video,
        frame,
        frames.image(video, frame),
        regions,
        _stack(actor_cam, video, frame, actors, regions.shape),
        _stack(action_cam, video, frame, actions, regions.shape),
        motion.segment(video, frame) if video in motion else None,
        [TaggedPair(label, actors.index(t[0]), actions.index(t[1])) for t, label in shown],
        len(taxonomy.pairs) + 1,
    )


def _stack(
    cams: Maps, video: str, frame: int, names: list[str], shape: tuple[int, ...]
) -> np.ndarray:
    """Maps at full size in the order of ``names``, C H W; zeros for those that have none."""
    maps = cams.maps(video, frame) if video in cams else {}
    empty = np.zeros((1, 1), np.float32)
    return at_full_size([maps.get(name, empty) for name in names], *shape)


if __name__ == "__main__":
    cli.run(run)
