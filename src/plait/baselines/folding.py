"""Splits inside training rows: to choose settings and to see honest residuals."""

from __future__ import annotations

import numpy as np

MIN_ROWS = 8
"""With fewer rows there is nothing to hold out: they judge themselves."""


def inner_folds(
    truth: np.ndarray, *, seed: int, small: int = 2000, num_folds: int = 3, share: float = 0.15
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (learn, judge) places: `num_folds` folds up to `small` rows, one split beyond.

    Classes (and low and high numbers) are spread evenly.
    """
    rng = np.random.default_rng(seed)
    num = len(truth)
    every = np.arange(num)
    if num < MIN_ROWS:
        return [(every, every)]
    keys = truth if truth.ndim == 1 else truth.sum(axis=1)
    order = np.lexsort((rng.random(num), keys))
    parts = num_folds if num <= small else max(2, round(1 / share))
    parts = max(2, min(parts, num))
    fold = np.empty(num, np.int64)
    fold[order] = np.arange(num) % parts
    used = parts if num <= small else 1
    return [(np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(used)]
