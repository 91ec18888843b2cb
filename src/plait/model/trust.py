"""Trust: what a sureness is worth, learned from values that were made of held-out rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from plait.baselines.cross_validation import fold_numbers
from plait.display import brief
from plait.metrics import NUM_BINS, expected_calibration_error

LEAST_ROWS = 20
"""Fewer held-out rows tell nothing."""

LEAST_TOGETHER = 10
"""Rows of alike sureness whose mean counts as one point, at least; of many rows their root."""

NUM_FOLDS = 5
"""Parts of the held-out rows by which the kind of line is chosen."""

NUM_STEPS, NUM_KNOTS = 30, 33
"""Of Newton's method, and of the straight lines that stand for a sigmoid."""

MOST_SPREADS, MOST_LOGIT = 5.0, 15.0
"""What lies further out counts as if it lay here."""


@brief
@dataclass(frozen=True)
class Trust:
    """A rising line from a sureness, on any scale, to a confidence in [0, 1]; level outside.

    Attributes:
        metric: Which share of a row it foretells.
        sureness: float64 ``[knot]``, rising.
        confidence: float64 ``[knot]``, rising, in [0, 1].
        rows: Held-out rows that it is from.
    """

    metric: str
    sureness: np.ndarray
    confidence: np.ndarray
    rows: int

    def of(self, sureness: np.ndarray) -> np.ndarray:
        """Return confidences, float64 ``[row]``; NaN where there is no sureness."""
        return np.interp(sureness, self.sureness, self.confidence)

    def facts(self) -> dict[str, Any]:
        """Return JSON-ready data, which `trust_from` reads."""
        return {
            "metric": self.metric,
            "sureness": self.sureness.tolist(),
            "confidence": self.confidence.tolist(),
            "rows": self.rows,
        }


def trust_from(facts: Mapping[str, Any]) -> Trust:
    """Rebuild what `Trust.facts` told."""
    x, y = (np.array(facts[name], np.float64) for name in ("sureness", "confidence"))
    return Trust(str(facts["metric"]), x, y, int(facts["rows"]))


def fit_trust(
    metric: str, sureness: np.ndarray, shares: np.ndarray, groups: np.ndarray
) -> Trust | None:
    """Learn what a sureness is worth; None from fewer than 20 rows that have one.

    A share that each row has, such as whether its text is right, is told from sureness by a sigmoid
    (Platt 1999) or by isotonic regression: by what had the smaller squared error on groups that it
    was not learned from. Few rows are best told by the first, many by the second (Niculescu-Mizil &
    Caruana 2005, "Predicting good probabilities with supervised learning").

    Args:
        metric: Name of the share.
        sureness: float64 ``[row]``.
        shares: float64 ``[row]``, in [0, 1]; NaN where a row has none.
        groups: int ``[row]``: rows of one number are not independent.
    """
    known = np.isfinite(sureness) & np.isfinite(shares)
    sureness, shares, groups = sureness[known], shares[known], groups[known]
    if len(sureness) < LEAST_ROWS:
        return None
    parts = fold_numbers(groups, np.zeros(len(groups)), NUM_FOLDS, 0)
    errors = dict.fromkeys((_sigmoid, _isotonic), 0.0)
    for part in np.unique(parts):
        own, others = parts == part, parts != part
        for line in errors if others.any() else ():
            said = np.interp(sureness[own], *line(sureness[others], shares[others]))
            errors[line] += float(((said - shares[own]) ** 2).sum())
    line = min(errors, key=lambda one: errors[one])
    return Trust(metric, *line(sureness, shares), rows=len(sureness))


def _sigmoid(sureness: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return knots of ``1 / (1 + exp(-(a + b s)))`` at the likeliest a and b, b no less than 0.

    Shares count as chances. Of b there is one row's worth of doubt, so that none becomes certain.
    """
    middle, spread = float(np.median(sureness)), float(sureness.std()) or 1.0
    s = ((sureness - middle) / spread).clip(-MOST_SPREADS, MOST_SPREADS)
    seen, doubt = np.stack([np.ones_like(s), s], axis=1), np.diag([1e-6, 1.0])
    weights = np.zeros(2)
    for _ in range(NUM_STEPS):
        chance = _logistic(seen @ weights)
        slope = seen.T @ (shares - chance) - doubt @ weights
        bend = (seen.T * np.maximum(chance * (1 - chance), 1e-6)) @ seen + doubt
        weights = weights + np.linalg.solve(bend, slope)
    if weights[1] <= 0 or not np.isfinite(weights).all():
        return np.zeros(1), np.full(1, shares.mean())
    knots = np.unique(np.quantile(s, np.linspace(0, 1, NUM_KNOTS)))
    return knots * spread + middle, _logistic(weights[0] + weights[1] * knots)


def _logistic(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-x.clip(-MOST_LOGIT, MOST_LOGIT)))


def _isotonic(sureness: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the centres of the steps of isotonic regression (Barlow et al. 1972).

    Lines join them (Oron & Flournoy 2017, "Centered isotonic regression"), so that nearly all rows
    keep their order. Rows of alike sureness are taken together, ten or more, with one row beside
    them that has the mean of all: from few rows nothing becomes certain.
    """
    x, y, weight = _together(sureness, shares)
    y = (y * weight + shares.mean()) / (weight + 1.0)
    blocks: list[np.ndarray] = []
    for one in np.stack([x, y, weight], axis=1):
        while blocks and blocks[-1][1] >= one[1]:
            before = blocks.pop()
            total = before[2] + one[2]
            one = np.append((before[:2] * before[2] + one[:2] * one[2]) / total, total)
        blocks.append(one)
    knots = np.stack(blocks)
    return knots[:, 0], knots[:, 1].clip(0.0, 1.0)


def _together(sureness: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return mean sureness, mean share and number of rows of alike sureness, the least sure first.

    Equal ones are never parted.
    """
    order = np.argsort(sureness, kind="stable")
    least = max(LEAST_TOGETHER, round(len(order) ** 0.5))
    starts = [0]
    for place in range(least, len(order) - least + 1):
        parted = sureness[order[place - 1]] < sureness[order[place]]
        if parted and place - starts[-1] >= least:
            starts.append(place)
    sizes = np.diff([*starts, len(order)])
    means = (np.add.reduceat(of[order], starts) / sizes for of in (sureness, shares))
    return (*means, sizes.astype(np.float64))


def reliability_of(confidence: np.ndarray, shares: np.ndarray) -> dict[str, Any]:
    """Return how far confidences can be trusted: ``reliability``, ``ece``, ``surest_half``.

    The first has mean confidence and share of the rows within each tenth of confidence, as
    `plait.metrics.reliability` has them of classes. ``surest_half`` is the mean share of the half
    of the rows with the highest confidence, to be compared with that of all.

    Args:
        confidence, shares: float64 ``[row]``, in [0, 1]; rows without a share are left out.
    """
    known = np.isfinite(shares)
    confidence, shares = confidence[known], shares[known]
    which = np.minimum((confidence * NUM_BINS).astype(int), NUM_BINS - 1)
    bins = [
        {
            "confidence": float(confidence[which == number].mean()),
            "accuracy": float(shares[which == number].mean()),
            "count": int((which == number).sum()),
        }
        for number in np.unique(which)
    ]
    surest = np.argsort(-confidence, kind="stable")[: max(len(shares) // 2, 1)]
    return {
        "reliability": bins,
        "ece": expected_calibration_error(bins),
        "surest_half": float(shares[surest].mean()),
    }
