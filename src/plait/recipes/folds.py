"""Folds for cross-fitting: rows of one group (see `Task.groups`) never lie in two of them."""

from __future__ import annotations

import numpy as np

from plait.errors import TargetError
from plait.recipes.task import Task

CROSS_FIT_ROWS = 1500
"""Up to this many labelled rows, every row is both learned from and judged, by folds."""

NUM_FOLDS = 4


def make_folds(task: Task, seed: int) -> np.ndarray | None:
    """Return a fold number per row of train and validation when they are few, else None.

    Raises `TargetError` when no two rows, or units of rows, are left to learn from and to judge.
    """
    rows = np.sort(np.concatenate([task.splits.train, task.splits.validation]))
    enough = len(task.splits.train) > 0 and len(task.splits.validation) > 0
    if len(rows) > CROSS_FIT_ROWS and enough:
        return None
    if len(np.unique(task.groups[rows])) < 2:
        if enough:
            return None
        raise TargetError(
            "too few rows have a target",
            expected="at least two different rows to learn from",
            received=str(len(rows)),
            column=task.target,
        )
    return fold_numbers(task.groups[rows], task.truth[rows], NUM_FOLDS, seed)


def fold_numbers(groups: np.ndarray, truth: np.ndarray, num_folds: int, seed: int) -> np.ndarray:
    """Return a fold number per row; groups stay whole, and folds hold alike shares of targets.

    Args:
        groups: int ``[row]``: rows of one number belong together; the first speaks for its target.
        truth: Targets, ``[row]`` or ``[row, label]``.
        num_folds: How many; as many as groups where these are fewer.
        seed: Of the lots among equal targets.
    """
    _, firsts, which = np.unique(groups, return_index=True, return_inverse=True)
    first = truth[firsts]
    keys = first if first.ndim == 1 else first.sum(axis=1)
    order = np.lexsort((np.random.default_rng(seed).random(len(firsts)), keys))
    folds = np.empty(len(firsts), np.int64)
    folds[order] = np.arange(len(firsts)) % min(num_folds, len(firsts))
    return folds[which.reshape(-1)]
