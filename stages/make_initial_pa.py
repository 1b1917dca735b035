"""PA.v0: a label map of each frame from its cues, before and after refinement."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from pipeline.artifacts.cues import Cues
from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.superpixels import Superpixels
from pipeline.datasets.taxonomy import is_foreground
from pipeline.initial_pa.methods import InitialParams, first_labels
from pipeline.initial_pa.read_cues import annotated_frames, read_frame_cues, videos_to_annotate
from pipeline.runtime.parallel import parallel_map
from stages import cli, config


def run(frames: Frames, superpixels: Superpixels, cues: Cues, out: Path) -> None:
    """Write PA.v0 of all training and validation videos for which there are cues."""
    params = config.section("make_initial_pa", InitialParams)
    if "action" not in cues:  # object data sets: the actor alone (WS2 Sec. 3.1)
        params = params.model_copy(update={"cues": "actor"})
    work = partial(
        _annotate, frames=frames, superpixels=superpixels, cues=cues, out=out, params=params
    )
    videos = videos_to_annotate(frames, cues, params)
    rows = parallel_map(work, videos, config.machine(), "PA.v0")
    share = sum(r.pop("foreground") for r in rows) / max(sum(r.pop("pixels") for r in rows), 1)
    LabelMaps.write_index(
        out, rows, {"version": "v0", "model": None, "selection": None, "initial_share": share}
    )


def _annotate(
    video: str,
    frames: Frames,
    superpixels: Superpixels,
    cues: Cues,
    out: Path,
    params: InitialParams,
) -> dict[str, Any]:
    initial, refined = {}, {}
    for n in annotated_frames(video, frames, cues):
        known = read_frame_cues(video, n, frames, superpixels, cues)
        initial[n], refined[n] = first_labels(known, params)
    counted = video in frames.of_split("train")
    labelled = sum(int(is_foreground(m).sum()) for m in refined.values())
    return {
        "video": video,
        "rows": LabelMaps.write(out, video, refined, initial),
        "foreground": labelled if counted else 0,
        "pixels": sum(m.size for m in refined.values()) if counted else 0,
    }


if __name__ == "__main__":
    cli.run(run)
