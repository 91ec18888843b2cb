"""The units that a window is told in: the level of what came before, the spread of the series."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

LEAST_SPREAD = 1e-9
LEAST_LOCAL = 0.05
"""Of a series' spread: what came before a moment is never taken for steadier."""


@dataclass(frozen=True)
class Scale:
    """Level of what came before a moment, and spread of its series: a window's units.

    A model of windows need not know how high or how wide a series is: that is taken away before,
    and given back to what it foresees (Kim et al. 2022, "Reversible Instance Normalization"). The
    spread is the series' own and not the window's, so that errors count as they do in the series:
    by the window's, calm stretches count most (docs/log.md, 2026-11-30).

    Attributes:
        level, spread: float64 ``[target]``.
        local: float64 ``[target]``: the spread of what came before, in units of the series'.
    """

    level: np.ndarray
    spread: np.ndarray
    local: np.ndarray

    @classmethod
    def of(cls, before: np.ndarray, spread: np.ndarray) -> Scale:
        """Return that of ``[step, target]`` before a moment, in a series of some spread."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of columns without a value
            level = np.nan_to_num(np.nanmean(before, axis=0))
        return cls(level, spread, local_spread(before / spread))

    @property
    def told(self) -> list[float]:
        """Level and spread of what came before, of each target in turn, in units of the series'."""
        pairs = zip(self.level / self.spread, self.local, strict=True)
        return [float(one) for pair in pairs for one in pair]

    def without(self, values: np.ndarray) -> np.ndarray:
        """Return values in these units."""
        return (values - self.level) / self.spread

    def back(self, values: np.ndarray) -> np.ndarray:
        """Return values in these units as they are."""
        return values * self.spread + self.level


def spread_of(values: np.ndarray) -> np.ndarray:
    """Return the standard deviation of ``[step, target]``; 1 of what never changed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of columns without a value
        level, spread = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    least = LEAST_SPREAD * np.maximum(np.abs(np.nan_to_num(level)), 1.0)
    found: np.ndarray = np.where(np.nan_to_num(spread) > least, spread, 1.0)
    return found


def local_spread(before: np.ndarray) -> np.ndarray:
    """Return the standard deviation of ``[step, target]`` in units of a series' spread.

    Of less than two values, which tell nothing of it, it is that of the series.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of columns without a value
        found: np.ndarray = np.maximum(np.nan_to_num(np.nanstd(before, axis=0)), LEAST_LOCAL)
    found[(~np.isnan(before)).sum(axis=0) < 2] = 1.0
    return found
