"""Scores of forecasts that have intervals: CRPS, pinball loss, MASE."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

LEVELS = tuple((place + 0.5) / 20 for place in range(20))
"""Quantiles by which the CRPS is counted, of two half normals with the forecast and its ends."""

ENDS = (0.05, 0.5, 0.95)
"""Quantiles that a forecast tells: the ends of its interval, and itself."""


def forecast_scores(
    true: np.ndarray, said: np.ndarray, low: np.ndarray, high: np.ndarray, change: np.ndarray
) -> dict[str, float]:
    """Return ``crps``, ``pinball`` and ``mase`` of forecasts.

    The first is twice the mean pinball loss of `LEVELS` (Gneiting and Ranjan 2011, "Comparing
    Density Forecasts Using Threshold- and Quantile-Weighted Scoring Rules", equation 15), the
    second that of `ENDS`, in the unit of the values; the third the mean absolute error over the
    mean change from one step to the next before (Hyndman and Koehler 2006, "Another Look at
    Measures of Forecast Accuracy", section 3, whose naive forecast is the last value).

    Args:
        true: What came, ``[window, step, target]``, NaN where it is not known.
        said, low, high: The forecast and the ends of its 90 % interval, of the same shape.
        change: Mean absolute change from step to step before, ``[window, target]``.
    """
    known = ~np.isnan(true)
    gaps = np.abs(true - said)[known]
    unit = np.broadcast_to(change[:, None], true.shape)[known]
    return {
        "crps": 2 * float(np.mean([_pinball(true, _at(one, said, low, high), one, known)
                                   for one in LEVELS])),
        "pinball": float(np.mean([_pinball(true, one, level, known)
                                  for level, one in zip(ENDS, (low, said, high), strict=True)])),
        "mase": float(gaps.sum() / max(float(unit.sum()), 1e-12)),
    }  # fmt: skip


def mean_change(before: np.ndarray) -> np.ndarray:
    """Return the mean absolute change from step to step of ``[step, target]``; 0 of none known."""
    steps = np.abs(np.diff(before, axis=0))
    known = ~np.isnan(steps)
    found: np.ndarray = np.nan_to_num(steps).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return found


def half_intervals(level: float) -> float:
    """Return how far a quantile lies from the forecast, in units of half the interval on its side.

    Errors are two half normals, of half of the weight each: 0 at 0.5, 1 at `ENDS`.
    """
    end = ENDS[0] if level < ENDS[1] else ENDS[-1]
    return NormalDist().inv_cdf(level) / NormalDist().inv_cdf(end)


def _at(level: float, said: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return a quantile of two half normals."""
    end = low if level < ENDS[1] else high
    found: np.ndarray = said + half_intervals(level) * (end - said)
    return found


def _pinball(true: np.ndarray, quantile: np.ndarray, level: float, known: np.ndarray) -> float:
    gap = (true - quantile)[known]
    return float(np.maximum(level * gap, (level - 1) * gap).mean())
