"""Which frames of a tagged video are used (Frame-to-Frame, section 3.2).

A classifier's scores say what each frame shows. Successive frames that all show the same classes,
at least one of them a tag of the video, become a sample. It has all of these classes, whether the
video's tags name them or not.

Two tables. In: ``video``, ``frame`` and one column for each class with its score in [0, 1], a row
for each key frame. Out: a row for each sample, see :func:`find_samples`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

_COLUMNS = ["video", "frames", "classes", "fit"]


def label_sets(scores: pd.DataFrame, tau: float) -> list[frozenset[str]]:
    """The classes of each row whose score exceeds ``tau``: the set C of the paper."""
    names = np.array(_class_names(scores), dtype=object)
    above = scores[list(names)].to_numpy(dtype=float) > tau
    return [frozenset(names[row].tolist()) for row in above]


def find_samples(
    scores: pd.DataFrame, tags: Mapping[str, frozenset[str]], length: int, tau: float
) -> pd.DataFrame:
    """At most one sample of ``length`` successive frames for each video.

    The paper chooses one of several "to avoid similarity of samples" and does not say which. Ours
    is the one that fits best: with the largest ``fit``, the mean score of the sample's classes over
    its frames; the first of equals.

    Args:
        scores: see above. Rows of a video that follow each other in order of ``frame`` are
            successive, whatever the distance of their numbers.
        tags: by video the classes that its tags name.
        length: K, at least 1.
        tau: a frame shows the classes whose score exceeds this.

    Returns:
        Columns ``video``, ``frames`` (K numbers, rising), ``classes`` (sorted names) and ``fit``,
        sorted by video. Videos without a sample are not there.

    Raises:
        ValueError: ``length`` is below 1, a frame occurs twice, or a video has no tags entry.
    """
    if length < 1:
        raise ValueError(f"expected a length of at least 1, received {length}")
    if scores.duplicated(["video", "frame"]).any():
        raise ValueError("expected each frame once, received one twice")
    unknown = sorted(set(scores["video"]) - set(tags))
    if unknown:
        raise ValueError(f"expected tags of every video, none of {unknown[0]}")
    rows = []
    for video, part in scores.sort_values(["video", "frame"]).groupby("video", sort=True):
        best = _best_run(part, tags[str(video)], length, tau)
        if best is not None:
            rows.append({"video": str(video), **best})
    return pd.DataFrame(rows, columns=_COLUMNS)


def _best_run(
    part: pd.DataFrame, tags: frozenset[str], length: int, tau: float
) -> dict[str, object] | None:
    """The best sample among the frames of one video, in order."""
    sets = label_sets(part, tau)
    best: dict[str, object] | None = None
    highest = -np.inf
    for start in range(len(part) - length + 1):
        shown = sets[start]
        if not shown & tags or any(s != shown for s in sets[start : start + length]):
            continue
        window, classes = part.iloc[start : start + length], sorted(shown)
        fit = float(window[classes].to_numpy(dtype=float).mean())
        if fit > highest:
            highest = fit
            numbers = [int(n) for n in window["frame"]]
            best = {"frames": numbers, "classes": classes, "fit": fit}
    return best


def _class_names(scores: pd.DataFrame) -> list[str]:
    return [str(c) for c in scores.columns if c not in ("video", "frame")]
