"""A small made-up data set in the layout of the A2D release, so that a newcomer can run it all.

Features:
* clips of 16 frames, 96 x 128, of one or two moving actors on cluttered backgrounds that have
  nothing to do with the classes; some train clips show no actor at all;
* four actors (ball, bird, car, dog) and four actions (flying, jumping, rolling, running) in the 12
  pairs of ``PAIRS``, all of them valid ids of A2D (bird-running is not, so birds roll);
* what makes it hard: in half of the clips the actor's own prop (goal, tree, cone, kennel) stands
  somewhere in the scene, so that it tells the class as the actor does, and in a share of the
  single-actor clips the actor is away for a while;
* in three of ten clips, those without actors among them, stands the prop of an actor that the clip
  does not show: a goal alone makes no ball.

Format (as A2D): ``Release/videoset.csv``, ``Release/clips320H/<id>.mp4``,
``Release/Annotations/mat/<id>/<frame from 1>.mat`` (MATLAB v7.3). Each annotation holds ``reS_id``,
``reMask``, ``reBBox`` (x1, y1, x2, y2, pixels from 1) and ``id``. A frame without objects has
``reS_id`` all 0, ``reMask`` of shape (0, W, H), ``reBBox`` (4, 0) and ``id`` (1, 0). Clips without
any actor have label id 0 and no annotations.

A clip depends on (seed, split, index) and the other parameters only: it may be rendered anywhere.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import h5py
import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed
from pydantic import Field, PositiveInt, model_validator

from pipeline.datasets.boxes import bounding_box
from pipeline.datasets.taxonomy import a2d_tag
from pipeline.demo.scene import Clip, ClipSpec, render_clip
from pipeline.demo.sprites import PROPS
from pipeline.runtime.errors import InputError
from pipeline.runtime.params import Params

PAIRS = (34, 35, 36, 44, 45, 46, 55, 56, 57, 75, 76, 77)  # A2D: 10 x actor + action
_FRAME_RATE = 8


class DemoParams(Params):
    """Size and difficulty of the demo data set."""

    seed: int = Field(ge=0)
    train: int = Field(210, ge=1)  # videos with actors; the reader splits validation off them
    test: int = Field(60, ge=0)
    without_actor: int = Field(30, ge=0)  # train videos in which no actor occurs
    stills: int = Field(0, ge=0)  # still images with actors beside the videos (`stills.py`)
    frames: int = Field(16, ge=9)
    height: int = Field(96, ge=32, multiple_of=2)
    width: int = Field(128, ge=32, multiple_of=2)
    annotate_every: int = Field(2, ge=1)
    props: float = Field(0.5, ge=0, le=1)  # share of videos with the actor's own prop
    strays: float = Field(0.3, ge=0, le=1)  # share of videos with the prop of another actor
    absent: float = Field(0.25, ge=0, le=1)  # share of single-actor videos with an absence
    away: tuple[PositiveInt, PositiveInt] = (4, 8)  # its shortest and longest, in frames
    two_actors: float = Field(0.12, ge=0, le=1)
    two_actions: float = Field(0.10, ge=0, le=1)  # two instances of one actor, two actions

    @model_validator(mode="after")
    def _absences_fit(self) -> DemoParams:
        shortest, longest = self.away
        if not shortest <= longest <= self.frames:
            raise ValueError(f"away {self.away}: expected shortest <= longest <= frames")
        return self


@dataclass(frozen=True)
class DemoVideo:
    """One video to be made: its id, its A2D ``usage`` (0 train, 1 test) and content."""

    id: str
    usage: int
    key: tuple[int, ...]  # of its random numbers
    spec: ClipSpec


def plan_demo(params: DemoParams) -> tuple[DemoVideo, ...]:
    """All videos of the data set, in order of id."""
    counts = {"empty": params.without_actor, "test": params.test, "train": params.train}
    return tuple(
        plan_video(params, split, index) for split, n in counts.items() for index in range(n)
    )


def plan_video(params: DemoParams, split: str, index: int) -> DemoVideo:
    """What video ``index`` of ``split`` (train, test or empty) shows.

    Every 12 videos in a row lead with each of the 12 pairs once; the rarer features are spread
    evenly by additive recurrences rather than drawn, so that small data sets get their share.
    """
    base = (params.seed, zlib.crc32(split.encode()))
    rng = np.random.default_rng((*base, index, 0))
    phase = np.random.default_rng(base).random(3)
    kind, prop, gone = (phase + index * np.sqrt((5.0, 2.0, 3.0))) % 1
    video = f"{split}{index:04d}", int(split == "test"), (*base, index, 1)
    if split == "empty":
        return DemoVideo(*video, ClipSpec((), _strays(rng, params, ())))
    order = np.random.default_rng((*base, index // len(PAIRS), 2)).permutation(PAIRS)
    first = int(order[index % len(PAIRS)])
    ids: tuple[int, ...] = (first,)
    if kind < params.two_actors:
        ids = first, int(rng.choice([p for p in PAIRS if p // 10 != first // 10]))
    elif kind < params.two_actors + params.two_actions:
        ids = first, int(rng.choice([p for p in PAIRS if p // 10 == first // 10 and p != first]))
    absent = None
    if len(ids) == 1 and gone < params.absent:
        shortest, longest = params.away
        length = int(rng.integers(shortest, longest + 1))
        start = int(rng.integers(0, params.frames - length + 1))
        absent = start, start + length
    own = (a2d_tag(first)[0],) if prop < params.props else ()
    return DemoVideo(*video, ClipSpec(ids, _strays(rng, params, ids) + own, absent))


def _strays(rng: np.random.Generator, params: DemoParams, ids: tuple[int, ...]) -> tuple[str, ...]:
    """By chance the prop of an actor that is not among ``ids``."""
    others = sorted(set(PROPS) - {a2d_tag(number)[0] for number in ids})
    return (str(rng.choice(others)),) if rng.random() < params.strays else ()


def render_video(params: DemoParams, video: DemoVideo) -> Clip:
    """The frames and masks of a planned video."""
    rng = np.random.default_rng(video.key)
    return render_clip(rng, (params.frames, params.height, params.width), video.spec)


def annotated_frames(params: DemoParams) -> range:
    """Frame numbers from 0 that carry an annotation: the middle of every ``annotate_every``."""
    return range(params.annotate_every // 2, params.frames, params.annotate_every)


def make_demo(params: DemoParams, out: Path, jobs: int = 1) -> None:
    """Write the data set to ``out/Release``.

    Args:
        params: size and difficulty.
        out: folder that will hold ``Release``.
        jobs: number of processes; it does not change the result.

    Raises:
        InputError: ``out/Release`` exists, or the encoder is missing.
    """
    release = out / "Release"
    if release.exists():
        raise InputError(f"demo data: {release} exists already; remove it first")
    (release / "clips320H").mkdir(parents=True)
    videos = plan_demo(params)
    rows = Parallel(n_jobs=jobs)(delayed(_make_video)(params, v, release) for v in videos)
    (release / "videoset.csv").write_text("".join(f"{row}\n" for row in rows))


def _make_video(params: DemoParams, video: DemoVideo, release: Path) -> str:
    """Render and write one video; returns its row of videoset.csv."""
    clip = render_video(params, video)
    write_mp4(release / "clips320H" / f"{video.id}.mp4", clip.frames)
    annotated = annotated_frames(params) if video.spec.ids else range(0)
    folder = release / "Annotations" / "mat" / video.id
    for t in annotated:
        folder.mkdir(parents=True, exist_ok=True)
        write_mat(folder / f"{t + 1:05d}.mat", clip.labels[t], clip.masks[t], video.spec.ids)
    label = video.spec.ids[0] if video.spec.ids else 0
    end = round(params.frames / _FRAME_RATE)
    times = f"00:00:00,{end // 3600:02d}:{end // 60 % 60:02d}:{end % 60:02d}"
    size = f"{params.height},{params.width},{params.frames},{len(annotated)}"
    return f"{video.id},{label},{times},{size},{video.usage}"


def write_mp4(path: Path, frames: npt.NDArray[np.uint8]) -> None:
    """Write ``frames`` (T H W 3 RGB) as MPEG-4.

    Raises:
        InputError: this OpenCV cannot encode MPEG-4.
    """
    height, width = frames.shape[1:3]
    codec = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(path), codec, _FRAME_RATE, (width, height))
    if not writer.isOpened():
        raise InputError(f"{path}: this OpenCV has no MPEG-4 encoder; install opencv from PyPI")
    for frame in frames:
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    writer.release()


def write_mat(
    path: Path,
    labels: npt.NDArray[np.uint8],
    masks: npt.NDArray[np.bool_],
    ids: tuple[int, ...],
) -> None:
    """Write the annotation of one frame.

    Args:
        path: the file to write.
        labels: H W, A2D ids, 0 background.
        masks: N H W, visible part of each instance; those without any pixel are left out.
        ids: A2D id of each instance.
    """
    seen = [i for i in range(len(ids)) if masks[i].any()]
    corners = [bounding_box(masks[i]).corners for i in seen]
    boxes = np.array(corners, np.float64).reshape(len(seen), 4)
    stored = masks[seen].transpose(0, 2, 1).astype(np.uint8)  # MATLAB stores columns first
    with h5py.File(path, "w", track_times=False) as file:
        _put(file, "reS_id", labels.T)
        _put(file, "reMask", stored[0] if len(seen) == 1 else stored)
        _put(file, "reBBox", boxes.T)
        _put(file, "id", np.array([[ids[i] for i in seen]], np.float64).reshape(1, len(seen)))


def _put(file: h5py.File, name: str, values: npt.NDArray[np.generic]) -> None:
    packing = {"compression": "gzip", "compression_opts": 4} if values.size > 64 else {}
    file.create_dataset(name, data=np.ascontiguousarray(values), track_times=False, **packing)
