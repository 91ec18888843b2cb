"""How widely a series varies of which little is known yet: as others do, as far as it is unknown.

A new product of three days has no spread of its own to be told in. That of the series that were
learned from stands in, in units of the level where that is more alike among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plait.data.windows.scale import LEAST_SPREAD, spread_of

ENOUGH = 32
"""Steps of a series that tell its spread without others."""


@dataclass(frozen=True)
class Usual:
    """How widely series vary.

    Attributes:
        spreads: Of each target, the usual one.
        relative: Of each, whether it is in units of the level.
    """

    spreads: tuple[float, ...]
    relative: tuple[bool, ...]

    @classmethod
    def of(cls, series: Sequence[np.ndarray]) -> Usual:
        """Learn it from series of which enough is known, each ``[step, target]``."""
        long = [one for one in series if len(one) >= ENOUGH] or list(series)
        spreads = np.array([spread_of(one) for one in long])
        levels = np.array([_level(one) for one in long])
        ratios = spreads / np.maximum(levels, LEAST_SPREAD)
        closer = np.log(ratios).std(axis=0) < np.log(spreads).std(axis=0)
        usual = np.where(closer, np.median(ratios, axis=0), np.median(spreads, axis=0))
        return cls(tuple(usual.tolist()), tuple(closer.tolist()))

    def spread(self, known: np.ndarray) -> np.ndarray:
        """Return the spread of a series of which ``[step, target]`` is known, float64 ``[target]``.

        The variance is its own in the share of `ENOUGH` that is known, else the usual one.
        """
        counts = (~np.isnan(known)).sum(axis=0)
        if (counts >= ENOUGH).all():
            return spread_of(known)
        units = np.where(self.relative, _level(known), 1.0)
        usual = np.array(self.spreads) * np.where(units > 0, units, 1.0)
        own = (np.nan_to_num(known - _middle(known)) ** 2).sum(axis=0) / np.maximum(counts, 1)
        share = np.minimum(counts / ENOUGH, 1.0)
        found: np.ndarray = np.sqrt(share * own + (1 - share) * usual**2)
        return np.where(found > LEAST_SPREAD, found, 1.0)


def _middle(values: np.ndarray) -> np.ndarray:
    """Return the mean of what is known, float64 ``[target]``; 0 of nothing."""
    known = ~np.isnan(values)
    found: np.ndarray = np.nan_to_num(values).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return found


def _level(values: np.ndarray) -> np.ndarray:
    return np.abs(_middle(values))
