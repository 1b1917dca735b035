"""Checks that the data set layouts share."""

from __future__ import annotations

from pathlib import Path

from pipeline.runtime.errors import InputError


def check_id(video_id: str, where: str) -> str:
    """Return ``video_id`` if it can safely be a file name; ``where`` leads the error.

    Raises:
        InputError: it is empty, starts with ".", or contains a path separator or "..".
    """
    unsafe = any(part in video_id for part in ("/", "\\", "..", "\0"))
    if not video_id or unsafe or video_id.startswith("."):
        raise InputError(
            f"{where}: {video_id!r} is not allowed as a video id; it must be a plain file name, "
            "without a path and without a dot in front"
        )
    return video_id


def check_layout(root: Path, needed: tuple[str, ...], layout: str) -> None:
    """Check that a data set lies where it should.

    Args:
        root: folder of the data set.
        needed: files and folders that must exist, relative to ``root``.
        layout: the expected layout in words.

    Raises:
        InputError: the first of them that is missing, the layout, and the parameter to set.
    """
    for path in (root, *(root / name for name in needed)):
        if not path.exists():
            raise InputError(
                f"{path} is missing; expected in the data set's folder: {layout}; "
                "set the folder with -S dataset.root=<path> (of still images: dataset.images.root)"
            )
