"""Whether 3D Grad-CAM of an I3D with Kinetics weights finds the object, without any training.

    python -m benchmarks.i3d_cam --root /data/davis --weights /data/i3d_rgb_kinetics400.pt \
        --out docs/results/i3d-cam.json

For every sequence of a DAVIS folder (with ``tags.csv``): 32 frames at 398 x 224 from its middle,
the class of I3D's own first choice, its maps at ``--layer``. Figures: the share of the map inside
the mask, the mask's share of the frame, and their ratio (1 is chance), each a mean over the frames
that have a map.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch

from pipeline.artifacts.tables import write_json
from pipeline.cues.grad_cam import class_maps
from pipeline.cues.positions import cover_frame, frames_of_maps
from pipeline.datasets import davis
from pipeline.datasets.video import Dataset, Video, read_frames
from pipeline.networks.i3d import I3D
from pipeline.networks.inference import clip_tensor
from pipeline.networks.weights import WeightsParams, load_weights
from pipeline.vision.resizing import at_full_size

SIZE = (398, 224)  # width, height
LENGTH = 32
CLASSES = 400


def sequence_figures(
    model: I3D, dataset: Dataset, video: Video, layer: str | None, uniform: bool
) -> dict[str, float]:
    """Figures of one sequence."""
    frames = [cv2.resize(f, SIZE, interpolation=cv2.INTER_AREA) for f in read_frames(video, None)]
    if uniform:
        numbers = np.linspace(0, len(frames) - 1, LENGTH).round().astype(int)
    else:
        start = max((len(frames) - LENGTH) // 2, 0)
        numbers = np.minimum(np.arange(start, start + LENGTH), len(frames) - 1)
    clip = model.normalise(
        clip_tensor(np.stack([frames[n] for n in numbers]).astype(np.uint8), torch.device("cpu"))
    )
    with torch.no_grad():
        probs = torch.softmax(model(clip)[0], 0)
    choice = int(probs.argmax())
    position = model.layer(layer)
    small_maps = class_maps(model, clip, [choice], "grad_cam", layer)[0, 0]
    maps = cover_frame(small_maps, position, *clip.shape[-2:]).numpy()
    inside, shares = [], []
    for small, place in zip(maps, frames_of_maps(len(maps), position), strict=True):
        number = int(numbers[round(place)])
        mask = dataset.read_annotation(video.annotations[number], video) > 0
        full = at_full_size([small], *mask.shape)[0]
        if full.sum() > 0 and mask.any():
            inside.append(float(full[mask].sum() / full.sum()))
            shares.append(float(mask.mean()))
    figures = {"inside": float(np.mean(inside)), "mask_share": float(np.mean(shares))}
    ratio = float(np.mean(np.array(inside) / np.array(shares)))
    return {"class": choice, "probability": float(probs[choice]), **figures, "ratio": ratio}


def main() -> None:
    """Measure all sequences and their mean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--layer", default=None)
    parser.add_argument("--uniform", action="store_true", help="frames from the whole sequence")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    model = I3D(CLASSES)
    load_weights(model, WeightsParams(source="file", path=arguments.weights), strict_except=())
    model.eval()
    dataset = davis.load(arguments.root, davis.DavisParams())
    results: dict[str, object] = {}
    ratios = []
    for video in dataset.videos:
        figures = sequence_figures(model, dataset, video, arguments.layer, arguments.uniform)
        results[video.id] = figures
        ratios.append(figures["ratio"])
        print(video.id, {k: round(v, 3) for k, v in figures.items()}, flush=True)
    mean = float(np.mean(ratios))
    print(f"mean ratio {mean:.2f}")
    write_json(arguments.out, {"sequences": results, "mean_ratio": mean})


if __name__ == "__main__":
    main()
