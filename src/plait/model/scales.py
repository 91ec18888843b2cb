"""Corrections of outputs: the ends of intervals, and how sure probabilities are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

from plait.baselines.residuals import worth
from plait.errors import TargetError
from plait.metrics import NOMINAL_COVERAGE
from plait.modalities import PredictiveTarget
from plait.modalities.forms import CLASSES, LABELS, NUMBER
from plait.sampling_error import student_quantile

LEAST_ROWS = 20
"""Rows with a set of columns that it takes for a calibration of its own."""

PRIOR_ROWS = 30.0
"""All other rows together count as so many for a set of columns."""

ENOUGH_ROWS = 150.0
"""So many rows with a set of columns by nature need no others from which columns were hidden."""

PULL_ROWS = 5.0
"""The size of errors with a set of columns is pulled to that of all rows as if by so many."""

SIDE = 0.95
"""Part of the rows on the right side of each end of a number's interval."""

TEMPERATURES = np.geomspace(0.25, 4.0, 33)

FLOOR = 1e-12
"""Probabilities are at least this before a power is taken."""


@dataclass(frozen=True)
class HeldOut:
    """What the mix answered for rows that none of its members had learned from.

    Attributes:
        outputs: float32 ``[row, output]``: canonical.
        truth: As `PredictiveTarget.truth`.
        present: bool ``[row, input]``: which input columns the model saw.
        groups: int ``[row]``: rows of one number are not independent.
        hidden: bool ``[row]``: columns were hidden from the model to see what it does without.
        weights: float ``[row]``: how much each row counts: what is promised is promised of rows
            weighted so. Ones where None is given.
    """

    outputs: np.ndarray
    truth: np.ndarray
    present: np.ndarray
    groups: np.ndarray
    hidden: np.ndarray
    weights: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.weights is None:
            object.__setattr__(self, "weights", np.ones(len(self.truth)))

    def take(self, places: np.ndarray) -> HeldOut:
        """Return some of the rows."""
        return HeldOut(*(array[places] for array in vars(self).values()))

    @classmethod
    def join(cls, parts: Sequence[HeldOut]) -> HeldOut:
        """Return the rows of all parts."""
        return cls(*map(np.concatenate, zip(*(vars(part).values() for part in parts), strict=True)))


class Scale(Protocol):
    """How outputs of one kind of target are corrected.

    Attributes:
        nominal: The share of rows that intervals are to hold; None where there are none.
    """

    nominal: float | None

    def known(self, truth: np.ndarray) -> np.ndarray:
        """Return which rows have a truth that training knew, bool ``[row]``."""

    def look(self, rows: HeldOut) -> np.ndarray:
        """Return what factors are chosen by, of each row and once for all sets, ``[row, ...]``."""

    def fit(
        self, seen: np.ndarray, rows: HeldOut, own: np.ndarray, prior: np.ndarray
    ) -> np.ndarray:
        """Return the factors of a set of columns, float32 ``[factor]``.

        Args:
            seen: What `look` gave.
            rows: All rows.
            own: Places of the rows with this set.
            prior: Places of the rows that support it.
        """

    def apply(self, outputs: np.ndarray, factors: np.ndarray) -> np.ndarray:
        """Correct outputs ``[row, output]`` by factors ``[row, factor]``."""

    def humblest(self, factors: np.ndarray) -> np.ndarray:
        """Return of several factors ``[several, factor]`` those that claim least, ``[factor]``."""


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
        self._bounds = getattr(codec, "bounds", (-np.inf, np.inf))

    def known(self, truth: np.ndarray) -> np.ndarray:
        return np.isfinite(truth)

    def look(self, rows: HeldOut) -> np.ndarray:
        """Return how far the truth lies out on either side, in its widths, float64 ``[row, 2]``."""
        centre, sides = _sides(rows.outputs)
        floor = 1e-3 * float(np.abs(rows.truth - centre).mean()) + 1e-12
        gaps = np.stack([centre - rows.truth, rows.truth - centre], axis=1)
        return np.asarray(gaps / np.maximum(sides, floor))

    def fit(
        self, seen: np.ndarray, rows: HeldOut, own: np.ndarray, prior: np.ndarray
    ) -> np.ndarray:
        return np.array([_end(seen[:, side], rows, own, prior) for side in (0, 1)], np.float32)

    def apply(self, outputs: np.ndarray, factors: np.ndarray) -> np.ndarray:
        centre, sides = _sides(outputs)
        moved = outputs.astype(np.float64).copy()
        moved[:, 1] = centre - sides[:, 0] * factors[:, 0]
        moved[:, 3] = centre + sides[:, 1] * factors[:, 1]
        moved[:, 1:] = np.sort(moved[:, 1:], axis=1)
        return np.clip(moved, *self._bounds)

    def humblest(self, factors: np.ndarray) -> np.ndarray:
        return np.asarray(factors.max(axis=0))


def _sides(outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the median ``[row]`` and the width of the interval on both sides ``[row, 2]``."""
    quantiles = outputs[:, 1:].astype(np.float64)
    centre = quantiles[:, 1]
    return centre, np.stack([centre - quantiles[:, 0], quantiles[:, 2] - centre], axis=1)


def _end(scores: np.ndarray, rows: HeldOut, own: np.ndarray, prior: np.ndarray) -> float:
    """Return the factor of one side."""
    groups, mine = rows.groups, scores[own]
    heavy = np.ones(len(scores)) if rows.weights is None else rows.weights
    values, weights = mine, _own_weights(rows, own) * heavy[own]
    num = len(np.unique(groups[own])) * worth(heavy[own], len(own)) / len(own)
    if len(prior):
        sizes = _sizes(scores, rows.present, np.concatenate([own, prior]))
        values = np.concatenate([mine, scores[prior] / sizes[len(own) :] * sizes[0]])
        others = _group_weights(groups[prior], PRIOR_ROWS) * heavy[prior] / heavy[prior].mean()
        weights = np.concatenate([weights / heavy[own].mean(), others])
        num += min(len(np.unique(groups[prior])), PRIOR_ROWS)
    found = _quantile(values, weights, num)
    few = SIDE * (num + 1) > num
    return max(found, _random_effect(mine, groups[own])) if few else found


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


def _group_weights(groups: np.ndarray, total: float | None = None) -> np.ndarray:
    """Return weights by which every group counts the same; they sum to `total`, or to the rows."""
    _, which, counts = np.unique(groups, return_inverse=True, return_counts=True)
    weights = 1.0 / counts[which]
    return weights * ((len(groups) if total is None else total) / max(weights.sum(), 1e-12))


def _own_weights(rows: HeldOut, places: np.ndarray) -> np.ndarray:
    """Return the weights of rows with one set of columns: those by nature before those by hiding.

    Columns are seldom missing by chance alone, so hidden ones only fill up to `ENOUGH_ROWS`.
    """
    hidden = rows.hidden[places]
    weights = np.empty(len(places))
    natural = places[~hidden]
    weights[~hidden] = _group_weights(rows.groups[natural])
    filling = min(float(hidden.sum()), max(ENOUGH_ROWS - len(natural), 0.0))
    weights[hidden] = _group_weights(rows.groups[places[hidden]], filling)
    return weights


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


class TemperatureScale:
    """Sharpens or softens probabilities (Guo et al. 2017, section 4.2), per set of columns.

    Classes: ``p ** t`` normalised. Labels: their log-odds times ``t``. Neither changes a decision.

    Args:
        codec: Of the target; its cost decides.
        exclusive: Whether the probabilities of a row sum to 1.
    """

    nominal: float | None = None

    def __init__(self, codec: PredictiveTarget, *, exclusive: bool) -> None:
        self._codec, self._exclusive = codec, exclusive

    def known(self, truth: np.ndarray) -> np.ndarray:
        return truth >= 0 if self._exclusive else np.ones(len(truth), bool)

    def look(self, rows: HeldOut) -> np.ndarray:
        """Return the cost of every row at every temperature, float64 ``[row, temperature]``."""
        costs = [
            self._codec.cost(self._powered(rows.outputs, temperature), rows.truth)
            for temperature in TEMPERATURES
        ]
        return np.stack(costs, axis=1)

    def fit(
        self, seen: np.ndarray, rows: HeldOut, own: np.ndarray, prior: np.ndarray
    ) -> np.ndarray:
        parts = [(own, _own_weights(rows, own))]
        if len(prior):
            parts.append((prior, _group_weights(rows.groups[prior], PRIOR_ROWS)))
        total = np.log(TEMPERATURES) ** 2
        for places, weights in parts:
            heavy = 1.0 if rows.weights is None else rows.weights[places]
            total = total + (weights * heavy) @ seen[places]
        return np.array([TEMPERATURES[int(np.argmin(total))]], np.float32)

    def apply(self, outputs: np.ndarray, factors: np.ndarray) -> np.ndarray:
        return self._powered(outputs, factors.astype(np.float64))

    def humblest(self, factors: np.ndarray) -> np.ndarray:
        return np.asarray(factors.min(axis=0))

    def _powered(self, outputs: np.ndarray, power: Any) -> np.ndarray:
        exact = np.clip(outputs.astype(np.float64), FLOOR, 1.0)
        powers = exact**power
        if self._exclusive:
            return np.asarray(powers / powers.sum(axis=1, keepdims=True))
        return np.asarray(powers / (powers + np.clip(1.0 - exact, FLOOR, 1.0) ** power))


def scale_of(codec: PredictiveTarget) -> Scale:
    """Return how a target's outputs are corrected, by their form.

    Raises `TargetError` for a form that is unknown here.
    """
    scales: dict[str, Callable[[], Scale]] = {
        CLASSES.name: partial(TemperatureScale, codec, exclusive=True),
        LABELS.name: partial(TemperatureScale, codec, exclusive=False),
        NUMBER.name: partial(IntervalScale, codec),
    }
    if codec.form.name not in scales:
        raise TargetError(
            "outputs of this target cannot be calibrated",
            expected=", ".join(scales),
            received=codec.form.name,
        )
    return scales[codec.form.name]()
