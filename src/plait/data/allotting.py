"""Allots rows or whole units to splits, so that shares and classes are kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plait.bootstrap import LEAST_UNITS

NAMES = ("train", "validation", "test")
TRAIN, VALIDATION, TEST, NOWHERE = 0, 1, 2, -1
"""Numbers of the splits, and of rows that are in none."""

MOST_TEST_SHARE = 1 / 3
"""Of the rows, the test takes no more to hold more groups."""

LEAST_SHARED_OUT = 20
"""Fewer groups are all needed to learn from: a larger test of them would still be too small."""


def allot_rows(
    num_rows: int,
    classes: np.ndarray | None,
    fractions: Sequence[float],
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the split of each row, int8 ``[row]``: random, each class in about these shares.

    Rows are sorted by class, at random within, and allotted in turn to whichever split lacks
    most (systematic sampling); a class that training would miss gives it one row.
    """
    order = rng.permutation(np.arange(num_rows, dtype=np.int32))
    if classes is not None:
        ranks = rng.permutation(int(classes.max()) + 1)
        order = order[np.argsort(ranks.astype(np.int32)[classes[order]], kind="stable")]
    split = np.empty(num_rows, np.int8)
    split[order] = _pattern(num_rows, fractions)
    if classes is not None:
        _give_training_every_class(split, classes, order)
    return split


def allot_units(
    units: np.ndarray, fractions: Sequence[float], rng: np.random.Generator
) -> np.ndarray:
    """Return the split of each row, whole units together: the largest first, to the neediest.

    Args:
        units: int64 ``[row]``: the unit of each row.
        fractions: Wanted shares of rows.
        rng: Orders units of equal size.
    """
    _, unit_of, sizes = np.unique(units, return_inverse=True, return_counts=True)
    order = rng.permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    wanted = np.asarray(fractions, float) * len(units)
    lack = wanted.copy()
    split_of = np.empty(len(sizes), np.int8)
    for unit in order:
        room = np.where(wanted > 0, lack / np.maximum(wanted, 1e-9), -np.inf)
        fits = np.where(lack >= sizes[unit], room, -np.inf)
        choice = int(np.argmax(fits if np.isfinite(fits).any() else lack))
        split_of[unit] = choice
        lack[choice] -= sizes[unit]
    return split_of[unit_of]


def shares_for(
    units: np.ndarray, fractions: tuple[float, float, float]
) -> tuple[float, float, float]:
    """Return the shares of the splits, a larger test where units are few; none stays none.

    The numbers of a test rest on its units more than on its rows (Cameron and Miller 2015), and
    have an interval only from ten units on. Of fewer than `LEAST_SHARED_OUT`, shares stay as said.

    >>> shares_for(np.arange(30), (0.7, 0.15, 0.15))[2]
    0.3333333333333333
    """
    num, (train, validation, test) = len(np.unique(units)), fractions
    share = min(LEAST_UNITS / num, MOST_TEST_SHARE)
    if not 0 < test < share or num < LEAST_SHARED_OUT:
        return fractions
    rest = (1 - share) / (1 - test)
    return train * rest, validation * rest, share


def fill_empty(split: np.ndarray, units: np.ndarray) -> None:
    """Give an empty train, then validation, the smallest unit of the fullest split, in place."""
    for empty in (TRAIN, VALIDATION):
        if (split == empty).any():
            continue
        for donor in np.argsort(-np.bincount(split, minlength=3), kind="stable"):
            members, sizes = np.unique(units[split == donor], return_counts=True)
            if len(members) > 1 or (donor == TEST and len(members)):
                split[units == members[int(np.argmin(sizes))]] = empty
                break


def _pattern(num_rows: int, fractions: Sequence[float], period: int = 2000) -> np.ndarray:
    """Return splits in turn, each to the one that lacks most; repeated after `period` rows."""
    shares = np.asarray(fractions, float)
    given = np.zeros(len(shares))
    found = np.empty(min(num_rows, period), np.int8)
    for place in range(len(found)):
        choice = int(np.argmax(shares * (place + 1) - given))
        found[place] = choice
        given[choice] += 1
    return np.resize(found, num_rows)


def _give_training_every_class(split: np.ndarray, classes: np.ndarray, order: np.ndarray) -> None:
    has_train = np.zeros(int(classes.max()) + 1, bool)
    has_train[classes[split == TRAIN]] = True
    for row in order[~has_train[classes[order]]]:
        if not has_train[classes[row]]:
            split[row] = TRAIN
            has_train[classes[row]] = True
