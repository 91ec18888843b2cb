"""Statistics of rows that count by their weights, or all the same where there are none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def mean_by(values: np.ndarray, weights: np.ndarray | None) -> float:
    """Return the mean of ``[row]`` values, each counted by its weight."""
    if weights is None:
        return float(values.mean())
    return float((values * weights).sum() / max(float(weights.sum()), 1e-12))


def quantiles(
    values: np.ndarray, levels: Sequence[float], weights: np.ndarray | None = None
) -> np.ndarray:
    """Return quantiles of values that count by their weights, where there are any."""
    if weights is None:
        return np.asarray(np.quantile(values, levels))
    order = np.argsort(values, kind="stable")
    ends = np.cumsum(weights[order], dtype=np.float64)
    places = (ends - 0.5 * weights[order]) / ends[-1]
    return np.interp(levels, places, values[order])


def worth(weights: np.ndarray | None, num_rows: int) -> float:
    """Return how many rows that count alike weighted ones are worth (Kish 1965).

    >>> worth(np.array([1.0, 1.0, 0.0]), 3)
    2.0
    """
    if weights is None:
        return float(num_rows)
    heavy = weights.astype(np.float64)
    return float(heavy.sum() ** 2 / max(float(heavy @ heavy), 1e-12))
