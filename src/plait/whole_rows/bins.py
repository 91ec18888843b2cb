"""Bins of numbers: values that recur stand alone, all others lie in bins of about as many rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

MOST_BINS = 48
"""Values and bins that are told apart at first."""

FINE_BINS = 8
"""Parts that a bin is told in, where there are rows for it."""

LEAST_IN_BIN = 12
"""Training rows that a bin holds at least, and a part of a bin."""

LEAST_OFTEN = 3
"""Times that a value occurs which stands alone: one that a single row has would give it away."""

MOST_DECIMALS = 6


@dataclass(frozen=True, kw_only=True)
class Bins:
    """How numbers become codes, and codes numbers that could have been in the table.

    A code is that of a value which recurs (0 among half of the amounts), or of a bin; a second one
    tells where in the bin. What is made of a code is a value itself, or one between the ends of the
    bin's part, on the lattice of all values: whole numbers stay whole, prices have two decimals,
    and nothing is less or more than what was learned from.

    Attributes:
        points: Ascending values that stand alone, float64 ``[point]``.
        knots: Ends of the parts of the bins, float64 ``[bin, part + 1]``, ascending; the parts of a
            bin have as many rows each.
        fine: Whether there are rows enough to tell the parts apart by a code.
        step, origin: Values are `origin` and a multiple of `step`; 0 where they are on no lattice.
        low, high: The least and the greatest value of training.
    """

    points: np.ndarray
    knots: np.ndarray
    fine: bool
    step: float
    origin: float
    low: float
    high: float

    @classmethod
    def of(cls, values: np.ndarray) -> Bins:
        """Learn the bins of numbers, none of them missing, at least one."""
        values = np.sort(values.astype(np.float64))
        distinct, counts = np.unique(values, return_counts=True)
        step, origin = _lattice(distinct)
        heavy = distinct
        if len(distinct) > MOST_BINS or len(values) < LEAST_OFTEN * len(distinct):
            heavy = distinct[counts >= max(len(values) / MOST_BINS, LEAST_OFTEN)]
        rest = values[~np.isin(values, heavy)]
        num = int(np.clip(len(rest) // LEAST_IN_BIN, 1, max(MOST_BINS - len(heavy), 4)))
        return cls(
            points=heavy,
            knots=_knots(rest, num) if len(rest) else np.zeros((0, FINE_BINS + 1)),
            fine=len(rest) >= num * FINE_BINS * LEAST_IN_BIN,
            step=step,
            origin=origin,
            low=float(values[0]),
            high=float(values[-1]),
        )

    @property
    def num_coarse(self) -> int:
        """Codes of the first variable, beside that of a missing value."""
        return len(self.points) + len(self.knots)

    @property
    def num_fine(self) -> int:
        """Codes of the second variable; 0 where there is none."""
        return FINE_BINS if self.fine and len(self.knots) else 0

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Return codes, int64 ``[row, 1 or 2]``, of float64 ``[row]``, NaN where missing.

        A point has the first part as its second code; what lies beyond all bins is in the nearest.
        """
        missing = np.isnan(values)
        filled = np.where(missing, self.low, values)
        point, is_point = self._point_of(filled)
        coarse, fine = 1 + point, np.ones(len(values), np.int64)
        if len(self.knots):
            tops = self.knots[:-1, -1]
            row = np.searchsorted(tops, filled, side="left")
            inner = (self.knots[row, 1:-1] < filled[:, None]).sum(1)
            coarse = np.where(is_point, coarse, 1 + len(self.points) + row)
            fine = np.where(is_point, 1, 1 + inner)
        codes = np.stack([coarse, fine], 1) if self.num_fine else coarse[:, None]
        return np.where(missing[:, None], 0, codes)

    def decode(self, codes: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Return values, float64 ``[row]``, NaN where missing; `places` as of `CodedColumn`."""
        coarse = codes[:, 0] - 1
        found = np.full(len(codes), np.nan)
        is_point = (coarse >= 0) & (coarse < len(self.points))
        found[is_point] = self.points[coarse[is_point]]
        in_bin = coarse >= len(self.points)
        row = coarse[in_bin] - len(self.points)
        place = places[in_bin] if self.num_fine else FINE_BINS * places[in_bin]
        part = np.clip(codes[in_bin, 1] - 1, 0, None) if self.num_fine else place.astype(np.int64)
        low, high = self.knots[row, part], self.knots[row, part + 1]
        found[in_bin] = self._on_lattice(low + place % 1 * (high - low))
        return found

    def _point_of(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the place of the nearest point at or above, and whether it is the value."""
        if not len(self.points):
            return np.zeros(len(values), np.int64), np.zeros(len(values), bool)
        place = np.searchsorted(self.points, values).clip(0, len(self.points) - 1)
        if len(self.knots):
            return place, self.points[place] == values
        below = (place - 1).clip(0)
        nearer = np.abs(self.points[below] - values) < np.abs(self.points[place] - values)
        return np.where(nearer, below, place), np.ones(len(values), bool)

    def _on_lattice(self, values: np.ndarray) -> np.ndarray:
        if self.step:
            values = self.origin + np.round((values - self.origin) / self.step) * self.step
            values = np.round(values, MOST_DECIMALS)
        return values.clip(self.low, self.high)

    def facts(self) -> dict[str, Any]:
        """Return it as plain data, for `of_facts`."""
        return vars(self) | {"points": self.points.tolist(), "knots": self.knots.tolist()}

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> Bins:
        """Return the bins that `facts` told."""
        points = np.array(facts["points"], np.float64)
        knots = np.array(facts["knots"], np.float64)
        knots = knots.reshape(-1, FINE_BINS + 1)
        return cls(**{**facts, "points": points, "knots": knots})


def _knots(rest: np.ndarray, num: int) -> np.ndarray:
    """Return the ends of the parts of bins of about as many rows each; no bin is empty."""
    cuts = np.unique(np.quantile(rest, np.linspace(0, 1, num + 1)[1:-1], method="lower"))
    place = np.searchsorted(cuts, rest, side="left")
    inside = [rest[place == number] for number in np.unique(place)]
    return np.array([np.quantile(one, np.linspace(0, 1, FINE_BINS + 1)) for one in inside])


def _lattice(distinct: np.ndarray) -> tuple[float, float]:
    """Return the step and origin of the lattice that values lie on; 0 and 0 where on none.

    >>> _lattice(np.array([1.5, 3.0, 6.0])), _lattice(np.array([0.1, 0.25]))
    ((1.5, 1.5), (0.15, 0.1))
    """
    origin = float(distinct[0])
    if len(distinct) < 2:
        return 1.0, origin
    scaled = (distinct - origin) * 10**MOST_DECIMALS
    whole = np.round(scaled)
    if np.abs(whole).max() > 2**52 or np.abs(scaled - whole).max() > 1e-3:
        return 0.0, 0.0
    step = int(np.gcd.reduce(whole.astype(np.int64)))
    return step / 10**MOST_DECIMALS, origin
