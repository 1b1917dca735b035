"""The table of tags that `davis` and `folder` share: ``tags.csv``."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from pipeline.datasets.checks import check_id
from pipeline.datasets.taxonomy import NO_ACTION, Tag, check_tag
from pipeline.datasets.video import Split
from pipeline.runtime.errors import InputError


@dataclass(frozen=True)
class TaggedVideo:
    """Rows of one video: its tags and its split."""

    id: str
    tags: frozenset[Tag]
    split: Split


def read_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of each row of a CSV file that is not blank.

    Raises:
        InputError: the file is missing or not UTF-8 text.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            for row in reader:
                cells = [cell.strip() for cell in row]
                if any(cells):
                    yield reader.line_num, cells
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot read {path}: not a CSV file in UTF-8 ({error})") from None


def read_tags(path: Path, *, split_required: bool, actions: bool = True) -> list[TaggedVideo]:
    """Read a table with the columns video, actor, action and split.

    A video with several tags has several rows. Other columns are ignored.

    Args:
        path: the table.
        split_required: False: the split column may be missing, and every video is then "train".
        actions: False: the action column is neither needed nor used, every action is "none".

    Raises:
        InputError: the file or a column is missing, it has no rows, a cell is empty, a tag, split
            or id is not allowed, a row stands twice, or rows of one video differ in the split.
    """
    rows = read_rows(path)
    _, header = next(rows, (0, []))
    needed = ["video", "actor", *(["action"] if actions else [])]
    needed += ["split"] if split_required or "split" in header else []
    absent = [name for name in needed if header.count(name) != 1]
    if absent:
        raise InputError(
            f"{path} needs a header with one column {' and one '.join(absent)}; "
            f"it has: {', '.join(header) or 'nothing'}"
        )
    places = {name: header.index(name) for name in needed}
    found: dict[str, TaggedVideo] = {}
    for line, cells in rows:
        where = f"{path} line {line}"
        if len(cells) != len(header):
            raise InputError(f"{where}: {len(cells)} cells, the header has {len(header)}")
        _add_row(found, {name: cells[place] for name, place in places.items()}, where)
    if not found:
        raise InputError(f"{path} has no rows; it needs one for each tag of a video")
    return [found[name] for name in sorted(found)]


def _add_row(found: dict[str, TaggedVideo], row: dict[str, str], where: str) -> None:
    """Add a row to the tags and the split of its video."""
    name = check_id(row["video"], where)
    try:
        tag = check_tag(row["actor"], row.get("action", NO_ACTION))
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    splits = {split: split for split in get_args(Split)}
    split: Split | None = splits.get(row.get("split", "train"))
    if split is None:
        raise InputError(f"{where}: split {row['split']!r} is not one of {', '.join(splits)}")
    before = found.get(name, TaggedVideo(name, frozenset(), split))
    if tag in before.tags:
        raise InputError(f"{where}: video {name!r} has the tag {'-'.join(tag)} twice")
    if before.split != split:
        raise InputError(f"{where}: video {name!r} is in {before.split} and in {split}")
    found[name] = TaggedVideo(name, before.tags | {tag}, split)
