"""Cross-validation: splits of rows into folds, in which a group never lies on both sides."""

from __future__ import annotations

import numpy as np

MIN_ROWS = 8
"""With fewer rows, or groups of rows, there is nothing to hold out: they judge themselves."""


def inner_folds(
    truth: np.ndarray,
    *,
    seed: int,
    groups: np.ndarray | None = None,
    small: int = 2000,
    num_folds: int = 3,
    share: float = 0.15,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (learn, judge) places: `num_folds` folds up to `small` rows, one split beyond.

    Classes (and low and high numbers) are spread evenly; a group never lies on both sides.

    Args:
        truth: ``[row]`` or ``[row, output]``.
        seed: Of the draw.
        groups: int ``[row]``: rows of one number stay together; None for single rows.
        small, num_folds, share: Up to how many rows there are folds, how many, and else the
            share of the rows that judge.
    """
    rng = np.random.default_rng(seed)
    num = len(truth)
    every = np.arange(num)
    keys = truth if truth.ndim == 1 else truth.sum(axis=1)
    units, which = (every, every) if groups is None else np.unique(groups, return_inverse=True)
    num_units = len(units)
    if num_units < (MIN_ROWS if groups is None or num_units == num else 2):
        return [(every, every)]
    if num_units < num:
        keys = np.bincount(which, keys) / np.bincount(which)
    order = np.lexsort((rng.random(num_units), keys))
    parts = num_folds if num <= small else max(2, round(1 / share))
    parts = max(2, min(parts, num_units))
    fold = np.empty(num_units, np.int64)
    fold[order] = np.arange(num_units) % parts
    used = parts if num <= small else 1
    of_row = fold[which]
    return [(np.flatnonzero(of_row != i), np.flatnonzero(of_row == i)) for i in range(used)]


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
