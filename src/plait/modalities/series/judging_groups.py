"""Groups of rows that follow each other in time: those that judge, and parts to be left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plait.modalities.series.ridge import Ridge

JUDGED_SHARE, LEAST_GROUPS = 0.2, 6

FEW_ROWS = 5000
"""Of short series: more would take long, part by part."""

NUM_FOLDS = 4
"""Parts of the groups, each answered by a map that was fitted without it."""

NEAR_SHARE = 4
"""No more than a so-manieth of the groups is left out beside, on a side."""


@dataclass(frozen=True)
class Tried:
    """How a way to tell what is known did on the groups that judge.

    Attributes:
        errors: Mean squared error of each group, float64 ``[group]``.
        penalty: The best for it.
        others, scaled: The way.
    """

    errors: np.ndarray
    penalty: float
    others: tuple[str, ...]
    scaled: bool

    def clearly_better(self, simpler: Tried) -> bool:
        """Tell whether its error is less by more than one standard error over the groups.

        Of fewer than `LEAST_GROUPS` none is: what a few months say of one more column is chance.
        """
        gaps = self.errors - simpler.errors
        if len(gaps) < LEAST_GROUPS:
            return False
        return bool(gaps.mean() < -gaps.std(ddof=1) / len(gaps) ** 0.5)


def parts_of(units: np.ndarray, num_near: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return parts of the groups in the order in which they come, and each with those near it.

    Args:
        units: int ``[row]``: the group of each.
        num_near: So many groups on either side may share steps with one.
    """
    ordered = _ordered(units)
    num_near = min(num_near, _affordable(ordered))
    bounds = np.linspace(0, len(ordered), min(NUM_FOLDS, len(ordered)) + 1).astype(int)
    return [
        (ordered[begin:end], ordered[max(begin - num_near, 0) : end + num_near])
        for begin, end in zip(bounds[:-1], bounds[1:], strict=True)
    ]


def judging_parts(units: np.ndarray, num_near: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the groups to judge by, and with them those not to learn from meanwhile.

    They are the last share of them in the order in which they come; where these are few, and so
    are the rows, all groups, part by part.
    """
    ordered = _ordered(units)
    if len(ordered) < 2:
        return []
    place = len(ordered) - max(1, int(JUDGED_SHARE * len(ordered)))
    if len(ordered) - place < LEAST_GROUPS and len(units) <= FEW_ROWS:
        return parts_of(units, num_near)
    num_near = min(num_near, _affordable(ordered))
    return [(ordered[place:], ordered[max(place - num_near, 0) :])]


def judged(
    x: np.ndarray,
    y: np.ndarray,
    spread: np.ndarray,
    units: np.ndarray,
    num_near: int,
    penalties: Sequence[float],
) -> tuple[np.ndarray, float] | None:
    """Return the errors of a ridge regression, ``[group]``, under the best penalty, and that.

    They are of groups that were not learned from; None where there are none.

    Args:
        x, y: ``[row, feature]`` and ``[row, output]``.
        spread: ``[row, 1]``: what an error of 1 is worth.
        units: int ``[row]``: the group of each.
        num_near: As for `parts_of`.
        penalties: To choose from.
    """
    squares, seen = np.zeros((len(penalties), len(x))), np.zeros(len(x), bool)
    for held, near in judging_parts(units, num_near):
        judge, learn = np.isin(units, held), ~np.isin(units, near)
        if not learn.any():
            continue
        seen, ridge = seen | judge, Ridge(x[learn], y[learn])
        for place, penalty in enumerate(penalties):
            gap = (ridge.solved(penalty)(x[judge]) - y[judge]) * spread[judge]
            squares[place, judge] = (gap**2).mean(axis=1)
    if not seen.any():
        return None
    _, groups = np.unique(units[seen], return_inverse=True)
    errors = [np.bincount(groups, one[seen]) / np.bincount(groups) for one in squares]
    best = int(np.argmin([one.mean() for one in errors]))
    return errors[best], penalties[best]


def _affordable(ordered: np.ndarray) -> int:
    """Return how many groups on a side are left out beside: of few at least the neighbour, whose
    steps ahead may be the same."""
    return max(1, len(ordered) // NEAR_SHARE)


def _ordered(units: np.ndarray) -> np.ndarray:
    _, firsts = np.unique(units, return_index=True)
    return units[np.sort(firsts)]
