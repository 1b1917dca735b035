"""PA.v0: attention maps binarised, united, labelled and refined by superpixels."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.artifacts.kinds import Frames, LabelMaps, Maps, Superpixels
from pipeline.cues.video_maps import at_full_size
from pipeline.refinement.initial import InitialParams, TaggedPair, assign_labels
from pipeline.refinement.superpixels import refine_labels
from pipeline.runtime.parallel import parallel_map
from stages import cli


def run(frames: Path, superpixels: Path, actor_cam: Path, action_cam: Path, out: Path) -> None:
    """Write PA.v0 of all training and validation videos."""
    params = cli.section("refine_superpixels", InitialParams)
    if not Maps(action_cam).videos:  # object data sets: the actor alone (WS2 Sec. 3.1)
        params = params.model_copy(update={"cues": "actor"})
    inputs = (frames, superpixels, actor_cam, action_cam)
    work = partial(_refine, inputs=inputs, out=out, params=params)
    videos = Frames(frames).tagged("train", "val")
    rows = parallel_map(work, videos, cli.machine(), "PA.v0")
    share = sum(r.pop("foreground") for r in rows) / max(sum(r.pop("pixels") for r in rows), 1)
    LabelMaps.write_index(
        out, rows, {"version": "v0", "model": None, "selection": None, "initial_share": share}
    )


def _refine(
    video: str, inputs: tuple[Path, Path, Path, Path], out: Path, params: InitialParams
) -> dict[str, Any]:
    prepared, superpixels = Frames(inputs[0]), Superpixels(inputs[1])
    actor_cam, action_cam = Maps(inputs[2]), Maps(inputs[3])
    tags = sorted(prepared.tags(video))
    actors, actions = sorted({t[0] for t in tags}), sorted({t[1] for t in tags})
    pairs = [
        TaggedPair(prepared.taxonomy.label(t), actors.index(t[0]), actions.index(t[1]))
        for t in tags
    ]
    num_labels = len(prepared.taxonomy.pairs) + 1
    initial, refined = {}, {}
    for n in prepared.key_frames(video):
        regions = superpixels.superpixels(video, n)
        actor_maps = _stack(actor_cam, video, n, actors, regions.shape)
        action_maps = _stack(action_cam, video, n, actions, regions.shape)
        initial[n] = assign_labels(actor_maps, action_maps, pairs, params.cues, params.binarise)
        refined[n] = refine_labels(initial[n], regions, params.refine, num_labels)
    counted = video in prepared.of_split("train")
    return {
        "video": video,
        "rows": LabelMaps.write(out, video, refined, initial),
        "foreground": sum(int((m > 0).sum()) for m in refined.values()) if counted else 0,
        "pixels": sum(m.size for m in refined.values()) if counted else 0,
    }


def _stack(
    cams: Maps, video: str, frame: int, names: list[str], shape: tuple[int, ...]
) -> np.ndarray:
    """Maps at full size in the order of ``names``, C H W; zeros where the branch has none."""
    if video not in cams:
        return np.zeros((len(names), *shape), np.float32)
    maps = cams.maps(video, frame)
    return at_full_size([maps[name] for name in names], *shape)


if __name__ == "__main__":
    cli.run(run)
