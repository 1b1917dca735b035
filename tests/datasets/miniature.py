"""Writers of miniature data sets: a few tiny frames, in the published layouts."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import h5py
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.uint8]


def make_frames(count: int, height: int = 48, width: int = 64, seed: int = 0) -> list[Array]:
    """RGB frames: a dark left and bright right half, and a red level that grows by 5 a frame."""
    noise = np.random.default_rng(seed).integers(0, 20, (height, width, 3), dtype=np.uint8)
    frames = []
    for number in range(count):
        frame = noise.copy()
        frame[:, width // 2 :, 1:] += 150
        frame[..., 0] = 40 + 5 * number
        frames.append(frame)
    return frames


def write_clip(path: Path, count: int = 12, codec: str = "mp4v", **size: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = make_frames(count, **size)
    height, width = frames[0].shape[:2]
    fourcc = cv2.VideoWriter.fourcc(*codec)
    writer = cv2.VideoWriter(str(path), fourcc, 10, (width, height))
    assert writer.isOpened()
    for frame in frames:
        writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    writer.release()
    return path


def write_images(folder: Path, names: list[str], **size: int) -> list[Path]:
    """One image for each name; without loss if the name ends with .png."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in names]
    for path, frame in zip(paths, make_frames(len(names), **size), strict=True):
        assert cv2.imwrite(str(path), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    return paths


def write_mat(path: Path, label_ids: npt.NDArray[np.float64] | None, objects: list[float]) -> Path:
    """A2D annotation as MATLAB v7.3 writes it: arrays transposed, empty ones as their size."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as mat:
        if label_ids is not None:
            mat["reS_id"] = label_ids.T
        if objects:
            mat["id"] = np.array(objects, dtype=np.float64)[None]
        else:
            mat["id"] = np.array([1, 0], dtype=np.uint64)
            mat["id"].attrs["MATLAB_empty"] = np.uint8(1)
    return path


def write_a2d(root: Path, rows: list[tuple[str, int, int]]) -> Path:
    """A2D release with a row (id, label id, usage) and a clip for each video; returns Release."""
    release = root / "Release"
    release.mkdir(parents=True)
    lines = [f"{name},{label},0:01,0:05,48,64,4,1,{usage}\n" for name, label, usage in rows]
    (release / "videoset.csv").write_text("".join(lines))
    for name, _, _ in rows:
        if not (release / "clips320H" / f"{name}.mp4").exists():
            write_clip(release / "clips320H" / f"{name}.mp4", 4)
    return release


def write_png(path: Path, values: Array, depth: int = 8, palette: bool = True) -> Path:
    """PNG of ``values`` (H W), one sample each of 1, 2, 4 or 8 bits; written chunk by chunk."""
    height, width = values.shape
    bits = (values[..., None] >> np.arange(depth - 1, -1, -1, dtype=np.uint8)) & 1
    rows = np.packbits(bits.reshape(height, width * depth), axis=1)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, depth, 3 if palette else 0, 0, 0, 0)
    # Index 1 and index 2 share a colour: only indices can tell them apart.
    colours = bytes((7, 7, 7) + (200, 10, 10) * 2 + (0, 90, 0) * (2**depth - 3))
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(raw)), (b"IEND", b"")]
    if palette:
        chunks[1:1] = [(b"PLTE", colours[: 3 * 2**depth]), (b"tRNS", bytes((0, 255)))]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
            for name, data in chunks
        )
    )
    return path


def write_tags(root: Path, *rows: str, header: str = "video,actor,action,split") -> Path:
    root.mkdir(parents=True, exist_ok=True)
    (root / "tags.csv").write_text("\n".join([header, *rows]) + "\n")
    return root


def write_jpeg_mask(path: Path, mask: npt.NDArray[np.bool_], quality: int = 75) -> Path:
    """Grey JPEG of 0 and 255, with the ringing that JPEG adds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.where(mask, 255, 0).astype(np.uint8)
    assert cv2.imwrite(str(path), values, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return path


def write_shot(root: Path, name: str, numbers: range, **size: int) -> Path:
    """A shot ``<class>/<video>/<shot>`` of YouTube-Objects; returns its folder."""
    kind, video, shot = name.split("/")
    folder = root / "v1" / kind / "data" / video / "shots" / shot
    write_images(folder, [f"frame{n:04}.jpg" for n in numbers], **size)
    return folder


def shot_mask(root: Path, name: str, number: int) -> Path:
    """Where the mask of a frame of a shot ``<class>/<video>/<shot>`` belongs."""
    kind, video, shot = name.split("/")
    labels = root / "youtube_masks" / kind / "data" / video / "shots" / shot / "labels"
    return labels / f"{number:05}.jpg"


def write_voc(root: Path, lists: dict[str, dict[str, list[str]]], **size: int) -> Path:
    """VOC tree; ``lists`` holds for each list the images with the classes of their objects."""
    folder = root / "ImageSets" / "Segmentation"
    folder.mkdir(parents=True, exist_ok=True)
    (root / "Annotations").mkdir(exist_ok=True)
    for name, images in lists.items():
        (folder / f"{name}.txt").write_text("".join(f"{image}\n" for image in images))
        write_images(root / "JPEGImages", [f"{image}.jpg" for image in images], **size)
        for image, classes in images.items():
            objects = "".join(
                f"<object><name>{c}</name><part><name>head</name></part></object>" for c in classes
            )
            text = f"<annotation><filename>{image}.jpg</filename>{objects}</annotation>"
            (root / "Annotations" / f"{image}.xml").write_text(text)
    return root
