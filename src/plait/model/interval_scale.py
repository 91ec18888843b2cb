"""Corrects the ends of a number's intervals, so that they hold what they promise."""

from __future__ import annotations

import numpy as np

from plait.baselines.weighted_statistics import worth
from plait.metrics import NOMINAL_COVERAGE
from plait.modalities import PredictiveTarget
from plait.model.held_out import PRIOR_ROWS, HeldOutRows, group_weights, own_weights
from plait.sampling_error import student_quantile

PULL_ROWS = 5.0
"""The size of errors with a set of columns is pulled to that of all rows as if by so many."""

SIDE = 0.95
"""Part of the rows on the right side of each end of a number's interval."""


class IntervalScale:
    """Widens or narrows each side of a number's interval until it holds what it promises.

    Conformalised quantile regression (Romano et al. 2019), with scores in units of the side's own
    width, ``(y - q50) / (q95 - q50)``, each side by itself, and Mondrian by the set of columns
    (Vovk et al. 2005, section 4.5). Groups weigh the same, however large (Dunn et al. 2022, pooled
    cumulative distributions); the finite-sample correction counts groups. Where a group in twenty
    is not to be had, the end is that of a random effect of the group, by Student's t. Nothing goes
    beyond the target's ``bounds``, where it has some: there is no truth to be missed.

    Args:
        codec: Of the target.
    """

    nominal: float | None = NOMINAL_COVERAGE

    def __init__(self, codec: PredictiveTarget) -> None:
        self.bounds = getattr(codec, "bounds", (-np.inf, np.inf))

    def known(self, truth: np.ndarray) -> np.ndarray:
        return np.isfinite(truth)

    def scores(self, rows: HeldOutRows) -> np.ndarray:
        """Return how far the truth lies out on either side, in its widths, float64 ``[row, 2]``."""
        centre, sides = _sides(rows.outputs)
        floor = 1e-3 * float(np.abs(rows.truth - centre).mean()) + 1e-12
        gaps = np.stack([centre - rows.truth, rows.truth - centre], axis=1)
        return np.asarray(gaps / np.maximum(sides, floor))

    def fit(
        self, seen: np.ndarray, rows: HeldOutRows, own: np.ndarray, prior: np.ndarray
    ) -> np.ndarray:
        return np.array([_end(seen[:, side], rows, own, prior) for side in (0, 1)], np.float32)

    def apply(self, outputs: np.ndarray, factors: np.ndarray) -> np.ndarray:
        centre, sides = _sides(outputs)
        moved = outputs.astype(np.float64).copy()
        moved[:, 1] = centre - sides[:, 0] * factors[:, 0]
        moved[:, 3] = centre + sides[:, 1] * factors[:, 1]
        moved[:, 1:] = np.sort(moved[:, 1:], axis=1)
        return np.clip(moved, *self.bounds)

    def most_cautious(self, factors: np.ndarray) -> np.ndarray:
        return np.asarray(factors.max(axis=0))


def _sides(outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the median ``[row]`` and the width of the interval on both sides ``[row, 2]``."""
    quantiles = outputs[:, 1:].astype(np.float64)
    centre = quantiles[:, 1]
    return centre, np.stack([centre - quantiles[:, 0], quantiles[:, 2] - centre], axis=1)


def _end(scores: np.ndarray, rows: HeldOutRows, own: np.ndarray, prior: np.ndarray) -> float:
    """Return the factor of one side."""
    groups, mine = rows.groups, scores[own]
    heavy = np.ones(len(scores)) if rows.weights is None else rows.weights
    values, weights = mine, own_weights(rows, own) * heavy[own]
    num = len(np.unique(groups[own])) * worth(heavy[own], len(own)) / len(own)
    if len(prior):
        sizes = _sizes(scores, rows.present, np.concatenate([own, prior]))
        values = np.concatenate([mine, scores[prior] / sizes[len(own) :] * sizes[0]])
        others = group_weights(groups[prior], PRIOR_ROWS) * heavy[prior] / heavy[prior].mean()
        weights = np.concatenate([weights / heavy[own].mean(), others])
        num += min(len(np.unique(groups[prior])), PRIOR_ROWS)
    found = _quantile(values, weights, num)
    few = SIDE * (num + 1) > num
    return max(found, _random_effect(mine, groups[own])) if few else found


def end_of_groups(scores: np.ndarray, groups: np.ndarray) -> float:
    """Return what a new row of a new group is below in `SIDE` of the cases.

    As many independent values are counted as there are groups; where they are too few for the
    quantile, the end is that of a random effect of the group.

    Args:
        scores: float64 ``[row]``.
        groups: int ``[row]``.
    """
    num = len(np.unique(groups))
    found = _quantile(scores, np.ones(len(scores)), num)
    few = SIDE * (num + 1) > num
    return max(found, _random_effect(scores, groups)) if few else found


def end_of_few_groups(scores: np.ndarray, groups: np.ndarray) -> float:
    """Return as `end_of_groups` the end for a row of a new group, where the rows of a group are
    many: their spread is known well, and only between the few groups it is not.

    Of a single group the mean square is all that is known of how far groups lie from nought: the
    end is that of Student's t of one degree of freedom.

    Args:
        scores: float64 ``[row]``.
        groups: int ``[row]``.
    """
    if len(np.unique(groups)) < 2:
        return student_quantile(SIDE, 1) * float(np.mean(scores**2)) ** 0.5
    return _random_effect(scores, groups)


def _sizes(scores: np.ndarray, present: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return how large errors are with the columns of each of some rows, float64 ``[row]``.

    The median size with just these columns, pulled to that of all rows where they are few.
    """
    size = np.abs(scores[places]) + 1e-12
    whole = float(np.median(size))
    _, which = np.unique(present[places], axis=0, return_inverse=True)
    which = which.reshape(-1)
    found = np.empty(len(places))
    for number in np.unique(which):
        mine = np.flatnonzero(which == number)
        trust = len(mine) / (len(mine) + PULL_ROWS)
        found[mine] = whole * (float(np.median(size[mine])) / whole) ** trust
    return found


def _quantile(values: np.ndarray, weights: np.ndarray, num: float) -> float:
    """Return the `SIDE` quantile that a new value is below as often as it says, else the largest.

    The i-th of n values has an expected share of ``i / (n + 1)`` below it; between two of them it
    is interpolated.

    Args:
        values, weights: ``[row]``.
        num: How many independent values these are.
    """
    order = np.argsort(values, kind="stable")
    shares = np.cumsum(weights[order]) / weights.sum() * (num / (num + 1))
    return float(np.interp(SIDE, shares, values[order]))


def _random_effect(scores: np.ndarray, groups: np.ndarray) -> float:
    """Return the upper end for a row of a new group: normal within groups, Student's t between."""
    _, which, counts = np.unique(groups, return_inverse=True, return_counts=True)
    num = len(counts)
    means = np.bincount(which, scores) / counts
    if num < 2:
        return float(scores.max())
    within = float(((scores - means[which]) ** 2).sum()) / max(len(scores) - num, 1)
    between = max(float(means.var(ddof=1)) - within * float((1 / counts).mean()), 0.0)
    spread = (between * (1 + 1 / num) + within) ** 0.5
    return float(means.mean()) + student_quantile(SIDE, num - 1) * spread
