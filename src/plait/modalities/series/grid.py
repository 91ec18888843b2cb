"""Lays series on an even grid: gaps filled, uneven times resampled, long ones averaged down."""

from __future__ import annotations

import numpy as np

MAX_GRID = 1_000_000


def usual_step(times: np.ndarray) -> float:
    """Return the median distance between two times (0 when there are fewer than two)."""
    return float(np.median(np.diff(times))) if len(times) > 1 else 0.0


def lay_on_grid(
    values: np.ndarray, times: np.ndarray | None, step: float
) -> tuple[np.ndarray, np.ndarray]:
    """Interpolate ``[time, channel]`` linearly onto a grid of distance `step`.

    Args:
        values: NaN where there is a gap.
        times: float64 ``[time]``, increasing; None where values are on the grid already.
        step: Distance of two grid places, in the unit of `times`.

    Returns:
        Values on the grid (NaN only in a channel without any value), and bool
        ``[time, channel]``: whether a value was observed within one step of the place.
    """
    seen = ~np.isnan(values)
    if times is None or step <= 0:
        if seen.all():
            return values, seen
        times, step = np.arange(len(values), dtype=np.float64), 1.0
        grid = times
    else:
        num = min(int(round((times[-1] - times[0]) / step)) + 1, MAX_GRID)
        grid = np.linspace(times[0], times[-1], num) if num > 1 else times[:1]
        if num == len(times) and seen.all() and np.allclose(grid, times, atol=1e-3 * step):
            return values, seen
    columns = [
        _interpolate(grid, times[ok], column[ok], step)
        for column, ok in zip(values.T, seen.T, strict=True)
    ]
    return np.stack([c[0] for c in columns], 1), np.stack([c[1] for c in columns], 1)


def average_down(values: np.ndarray, factor: int) -> np.ndarray:
    """Average every `factor` steps of ``[time, channel]``; the last block may be shorter."""
    if factor <= 1:
        return values
    starts = np.arange(0, len(values), factor)
    sizes = np.diff(np.append(starts, len(values)))[:, None]
    return np.add.reduceat(values, starts, axis=0) / sizes


def thinned(values: np.ndarray, num: int) -> np.ndarray:
    """Return ``[time, channel]`` in so many steps, however long it is: averaged, then on a line."""
    short = average_down(values, max(1, len(values) // num))
    places = np.linspace(0.0, len(short) - 1, num)
    steps = np.arange(len(short))
    return np.stack([np.interp(places, steps, channel) for channel in short.T], axis=1)


def _interpolate(
    grid: np.ndarray, times: np.ndarray, values: np.ndarray, step: float
) -> tuple[np.ndarray, np.ndarray]:
    if not len(times):
        return np.full(len(grid), np.nan, np.float32), np.zeros(len(grid), bool)
    after = np.searchsorted(times, grid).clip(0, len(times) - 1)
    before = (after - 1).clip(0)
    distance = np.minimum(np.abs(times[after] - grid), np.abs(times[before] - grid))
    filled = np.interp(grid, times, values).astype(np.float32)
    return filled, distance < 0.999 * step


def known_spread(values: np.ndarray) -> np.ndarray:
    """Return the standard deviation of each channel of ``[time, channel]``, but for its gaps."""
    known = ~np.isnan(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0.0).sum(axis=0) / count
    spread: np.ndarray = np.sqrt((np.where(known, values - mean, 0.0) ** 2).sum(axis=0) / count)
    return spread
