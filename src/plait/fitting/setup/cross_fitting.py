"""Folds for cross-fitting, where rows with a target are few: all learn, and all are judged."""

from __future__ import annotations

import numpy as np

from plait.baselines.cross_validation import fold_numbers
from plait.errors import TargetError
from plait.fitting.setup.problem import Problem

CROSS_FIT_ROWS = 1500
"""Up to this many labelled rows, every row is both learned from and judged, by folds."""

NUM_FOLDS = 4


def make_folds(problem: Problem, seed: int) -> np.ndarray | None:
    """Return a fold number per row of train and validation when they are few, else None.

    Raises `TargetError` when no two rows, or units of rows, are left to learn from and to judge.
    """
    rows = np.sort(np.concatenate([problem.splits.train, problem.splits.validation]))
    enough = len(problem.splits.train) > 0 and len(problem.splits.validation) > 0
    if len(rows) > CROSS_FIT_ROWS and enough:
        return None
    if len(np.unique(problem.groups[rows])) < 2:
        if enough:
            return None
        raise TargetError(
            "too few rows have a target",
            expected="at least two different rows to learn from",
            received=str(len(rows)),
            column=problem.target,
        )
    return fold_numbers(problem.groups[rows], problem.truth[rows], NUM_FOLDS, seed)
