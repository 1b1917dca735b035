"""What a version of tiny labels has beside them: a segmenter, a selection."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import torch

from pipeline.artifacts.frames import Frames
from pipeline.artifacts.label_maps import LabelMaps
from pipeline.artifacts.models import Model, write_model
from pipeline.artifacts.selections import Selection
from pipeline.networks.segmenters import SegmenterParams, build_segmenter

NETWORK = SegmenterParams(backbone="small_resnet", output_stride=8, rates=(1,))


def write_segmenter(folder: Path, ric: float) -> Model:
    """A model of one epoch, which the criterion ``ric`` chose, with random weights."""
    torch.manual_seed(1)
    state = build_segmenter(NETWORK, 4).state_dict()
    best = {"epoch": 2.0, "ric": ric, "rii": 60.0, "miou_pa": ric - 30.0}
    description = {
        "network": NETWORK.model_dump(),
        "num_labels": 4,
        "background_bias": {"ric": {"with_tags": 0.0, "without_tags": 0.0}},
    }
    history = {"epochs": [{**best, "loss": 1.0}], "best": {"ric": best}}
    write_model(folder, description, history, {"ric": state})
    return Model(folder)


def write_selection(folder: Path, labels: LabelMaps, frames: Frames) -> Selection:
    """All training frames are selected; no region has been measured."""
    listed = [
        (v, n) for v in labels.videos for n in labels.frames(v) if v in frames.tagged("train")
    ]
    table = pd.DataFrame(listed, columns=["video", "frame"]).assign(selected=True)
    regions = pd.DataFrame(columns=["video", "frame", "label", "tag", "score"])
    Selection.write(folder, table, regions, {"rule": "full", "selected": len(listed)})
    return Selection(folder)
