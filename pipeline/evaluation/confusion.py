"""Confusion matrix, and every score that is read off it.

WS2, Section 5.2: mean intersection over union (mIoU), mean class accuracy (cls_acc) and global
accuracy (glo_acc), for actor-action pairs, actors and actions. A set of frames is scored by the
sum of its matrices. All scores are percent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.datasets.taxonomy import BACKGROUND, IGNORE, Taxonomy, View

Matrix = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Scores:
    """Scores of predictions, percent; NaN where nothing was there to score.

    ``miou_*`` counts the background as a class; ``iou_foreground`` is the binary IoU of all labels
    against the background. Accuracies without a suffix are those of actor-action pairs.
    """

    miou_actor_action: float
    miou_actor: float
    miou_action: float
    iou_foreground: float
    cls_acc: float
    glo_acc: float
    cls_acc_actor: float
    cls_acc_action: float
    glo_acc_actor: float
    glo_acc_action: float


def confusion_matrix(
    truth: npt.NDArray[np.uint8], predicted: npt.NDArray[np.uint8], num_labels: int
) -> Matrix:
    """Count the pixels of each (true label, predicted label).

    Args:
        truth: labels, any shape; pixels of 255 (ignore) are left out.
        predicted: labels of the same shape; 255 (a pseudo-annotation that does not commit itself)
            counts as background, so that abstaining is not free.
        num_labels: number of labels, the background included.

    Returns:
        ``num_labels num_labels``: rows the truth, columns the prediction.

    Raises:
        ValueError: the shapes differ, or a label is neither below ``num_labels`` nor 255.
    """
    if truth.shape != predicted.shape:
        raise ValueError(
            f"expected truth and prediction of one shape, received {truth.shape} and "
            f"{predicted.shape}"
        )
    counted = truth != IGNORE
    rows = truth[counted]
    columns = predicted[counted]
    columns[columns == IGNORE] = BACKGROUND
    highest = max(int(rows.max(initial=0)), int(columns.max(initial=0)))
    if highest >= num_labels:
        raise ValueError(f"expected labels below {num_labels} or {IGNORE}, received {highest}")
    cells = rows.astype(np.int64) * num_labels + columns
    return np.bincount(cells, minlength=num_labels**2).reshape(num_labels, num_labels)


def iou_per_class(matrix: Matrix) -> npt.NDArray[np.float64]:
    """IoU of each label; NaN for one that occurs neither in the truth nor in the prediction."""
    common = np.diag(matrix)
    union = matrix.sum(axis=0) + matrix.sum(axis=1) - common
    return _percent(common, union)


def miou(matrix: Matrix) -> float:
    """Mean IoU over the labels that occur in truth or prediction, the background among them."""
    return _mean(iou_per_class(matrix))


def cls_acc(matrix: Matrix) -> float:
    """Mean class accuracy: share of right pixels of each label, over the labels in the truth."""
    return _mean(_percent(np.diag(matrix), matrix.sum(axis=1)))


def glo_acc(matrix: Matrix) -> float:
    """Share of all pixels that are right, the background's among them."""
    return float(_percent(np.trace(matrix), matrix.sum()))


def foreground_iou(matrix: Matrix) -> float:
    """IoU of foreground (any label) against background, blind to which label it is."""
    common = matrix[1:, 1:].sum()
    return float(_percent(common, matrix.sum() - matrix[0, 0]))


def collapse(matrix: Matrix, group_of_label: npt.NDArray[np.uint8], num_groups: int) -> Matrix:
    """Confusion matrix of groups of labels: the entries of each group are summed; exact.

    Args:
        matrix: ``K K``.
        group_of_label: ``K``, group of each label.
        num_groups: G.

    Returns:
        ``G G``.

    Raises:
        ValueError: the look-up table is not of the matrix's length.
    """
    if len(group_of_label) != len(matrix):
        raise ValueError(
            f"expected a group for each of {len(matrix)} labels, received {len(group_of_label)}"
        )
    members = np.zeros((num_groups, len(matrix)), dtype=np.int64)
    members[group_of_label, np.arange(len(matrix))] = 1
    return members @ matrix @ members.T


def scores_in_views(matrix: Matrix, taxonomy: Taxonomy) -> Scores:
    """All scores, of actor-action pairs, actors and actions, from one matrix of the pairs.

    Args:
        matrix: ``K K`` over the taxonomy's labels, K = number of pairs + 1.
        taxonomy: what the labels are.

    Returns:
        Scores, percent.

    Raises:
        ValueError: the matrix is not of the taxonomy's size.
    """
    size = len(taxonomy.pairs) + 1
    if matrix.shape != (size, size):
        raise ValueError(f"expected a matrix {size} x {size}, received shape {matrix.shape}")

    def in_view(view: View) -> Matrix:
        groups = taxonomy.view(np.arange(size, dtype=np.uint8), view)
        return collapse(matrix, groups, len(taxonomy.names(view)))

    actor, action = in_view("actor"), in_view("action")
    return Scores(
        miou_actor_action=miou(matrix),
        miou_actor=miou(actor),
        miou_action=miou(action),
        iou_foreground=foreground_iou(matrix),
        cls_acc=cls_acc(matrix),
        glo_acc=glo_acc(matrix),
        cls_acc_actor=cls_acc(actor),
        cls_acc_action=cls_acc(action),
        glo_acc_actor=glo_acc(actor),
        glo_acc_action=glo_acc(action),
    )


def _percent(part: npt.ArrayLike, whole: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """100 part / whole, NaN where the whole is 0."""
    whole = np.asarray(whole, dtype=np.float64)
    return 100 * np.asarray(part, dtype=np.float64) / np.where(whole > 0, whole, np.nan)


def _mean(values: npt.NDArray[np.float64]) -> float:
    """Mean without the NaN; NaN if there is nothing else."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
