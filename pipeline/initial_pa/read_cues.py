"""The cues of a frame that PA.v0 is made from, read from the artifacts of a recipe."""

from __future__ import annotations

import numpy as np

from pipeline.artifacts.cues import Cues
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.maps import Maps
from pipeline.artifacts.motion_segments import MotionSegments
from pipeline.artifacts.superpixels import Superpixels
from pipeline.initial_pa.map_labels import TaggedPair, shown_labels
from pipeline.initial_pa.methods import FrameCues, InitialParams
from pipeline.runtime.errors import InputError
from pipeline.vision.resizing import at_full_size


def attention(cues: Cues, branch: str) -> Maps | None:
    """The attention maps of a branch; those aggregated along flow if the recipe has them."""
    united = cues.get(f"aggregated_{branch}", Maps)
    return cues.get(branch, Maps) if united is None else united


def videos_to_annotate(frames: Frames, cues: Cues, params: InitialParams) -> list[str]:
    """The tagged training and validation videos for which there are cues.

    The label filter drops videos; still images have no motion segments.

    Raises:
        InputError: PA.v0 is made from motion segments, and no video has any.
    """
    videos, known = frames.tagged("train", "val"), attention(cues, "actor")
    if params.method != "motion_segments":
        return videos if known is None else [v for v in videos if v in known]
    motion = cues.need("motion", MotionSegments)
    if not motion.videos:
        raise InputError(
            "no video has motion segments: make_initial_pa.method motion_segments needs videos of "
            "two frames or more"
        )
    return [v for v in videos if v in motion]


def annotated_frames(video: str, frames: Frames, cues: Cues) -> list[int]:
    """The frames that have attention maps; all key frames without any."""
    actor = attention(cues, "actor")
    return actor.frames(video) if actor is not None and video in actor else frames.key_frames(video)


def read_frame_cues(
    video: str, frame: int, frames: Frames, superpixels: Superpixels, cues: Cues
) -> FrameCues:
    """The cues of one frame; without actor maps it may show any tagged actor."""
    tags, taxonomy = frames.tags(video), frames.taxonomy
    actor, action = attention(cues, "actor"), attention(cues, "action")
    motion = cues.get("motion", MotionSegments)
    seen = {tag[0] for tag in tags}
    if actor is not None and video in actor:
        seen = {*actor.maps(video, frame)}
    shown = shown_labels(seen, tags, taxonomy)
    actors, actions = (sorted({tag[i] for tag, _ in shown}) for i in (0, 1))
    regions = superpixels.superpixels(video, frame)
    return FrameCues(
        video,
        frame,
        frames.image(video, frame),
        regions,
        _stack(actor, video, frame, actors, regions.shape),
        _stack(action, video, frame, actions, regions.shape),
        motion.segment(video, frame) if motion is not None and video in motion else None,
        [TaggedPair(label, actors.index(t[0]), actions.index(t[1])) for t, label in shown],
        len(taxonomy.pairs) + 1,
    )


def _stack(
    cams: Maps | None, video: str, frame: int, names: list[str], shape: tuple[int, ...]
) -> np.ndarray:
    """Maps at full size in the order of ``names``, C H W; zeros for those that have none."""
    maps = cams.maps(video, frame) if cams is not None and video in cams else {}
    empty = np.zeros((1, 1), np.float32)
    return at_full_size([maps.get(name, empty) for name in names], *shape)
