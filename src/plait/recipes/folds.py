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
    _, firsts, which = np.unique(task.groups[rows], return_index=True, return_inverse=True)
    if len(firsts) < 2:
        if enough:
            return None
        raise TargetError(
            "too few rows have a target",
            expected="at least two different rows to learn from",
            received=str(len(rows)),
            column=task.target,
        )
    truth = task.truth[rows[firsts]]
    keys = truth if truth.ndim == 1 else truth.sum(axis=1)
    order = np.lexsort((np.random.default_rng(seed).random(len(firsts)), keys))
    folds = np.empty(len(firsts), np.int64)
    folds[order] = np.arange(len(firsts)) % min(NUM_FOLDS, len(firsts))
    return folds[which]
