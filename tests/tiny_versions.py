"""What a version of tiny labels has beside them: a segmenter, a selection."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import torch

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.models import write_model
from pipeline.artifacts.tables import write_json, write_table
from pipeline.networks.segmenters import SegmenterParams, build_segmenter

NETWORK = SegmenterParams(backbone="small_resnet", output_stride=8, rates=(1,))


def write_segmenter(folder: Path, ric: float) -> None:
    """A model of one epoch, which the criterion ``ric`` chose, with random weights."""
    torch.manual_seed(1)
    state = build_segmenter(NETWORK, 4).state_dict()
    best = {"epoch": 2.0, "ric": ric, "rii": 60.0, "miou_pa": ric - 30.0}
    description = {
        "network": NETWORK.model_dump(),
        "num_labels": 4,
        "background_shifts": {"ric": {"alone": [0.0] * 4, "with_prior": [0.0] * 4}},
    }
    history = {"epochs": [{**best, "loss": 1.0}], "best": {"ric": best}}
    write_model(folder, description, history, {"ric": state})


def write_selection(folder: Path, labels: LabelMaps, frames: Frames) -> None:
    """All training frames are selected; no region has been measured."""
    listed = [
        (v, n) for v in labels.videos for n in labels.frames(v) if v in frames.tagged("train")
    ]
    table = pd.DataFrame(listed, columns=["video", "frame"]).assign(selected=True)
    write_table(folder / "frames.parquet", table)
    columns = ["video", "frame", "label", "tag", "score"]
    write_table(folder / "regions.parquet", pd.DataFrame(columns=columns))
    write_json(folder / "selection.json", {"rule": "full", "selected": len(listed)})
