"""Large values that several rows hold: rows of a batch that share one are given it once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from plait.data.batching import numbers_of_value
from plait.data.entries import PreparedColumn, numbers_of

LEAST_NUMBERS = 2048
"""Of a value: smaller ones, vectors and short texts, are embedded sooner than shared."""

LOOKED_AT, MOST_READ = 2**24, 2**29
"""Numbers that are read to see whether a column's values recur, and of a whole column at most."""

LEAST_COMPANIONS = 1.0
"""Further rows that hold a row's value, in the mean, where sharing repays."""

MOST_VALUES = 0.75
"""Values of a batch for each of its rows; with more of them none is shared."""


class SharedValues:
    """Which of the columns' values recur among rows, and are large: a picture asked many questions.

    Args:
        columns: Of which rows may share values.
        rows: Row numbers.
        seed: Of the rows that are looked at.

    Attributes:
        together: int64 ``[row]``, of each of `rows`: those of one number hold the same value of
            the column whose values are largest; -1 where there is none. None where no column's
            values recur.
    """

    def __init__(
        self, columns: Mapping[str, PreparedColumn], rows: np.ndarray, *, seed: int = 0
    ) -> None:
        self._columns, self._numbers = columns, {}
        sizes = {name: numbers_of_value(column, rows) for name, column in columns.items()}
        for name in sorted(sizes, key=lambda name: -sizes[name]):
            found = None
            if sizes[name] >= LEAST_NUMBERS and len(rows) > 1:
                found = _recurring(columns[name], rows, sizes[name], seed)
            if found is not None:
                self._numbers[name] = found
        first = next(iter(self._numbers.values()), None)
        self.together = None if first is None else first[rows]

    def of(self, name: str, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """Return rows that hold the values of a batch, and which of these each row has.

        None where the batch's rows share too few values of the column.
        """
        numbers = self._numbers.get(name)
        if numbers is None:
            return None
        _, first, index = np.unique(numbers[rows], return_index=True, return_inverse=True)
        return None if len(first) > MOST_VALUES * len(rows) else (rows[first], index)


def _recurring(
    column: PreparedColumn, rows: np.ndarray, size: float, seed: int
) -> np.ndarray | None:
    """Return the number of each row's value; None where too few rows have companions.

    Some rows at random are looked at first: of n among N, ``n (n - 1) / 2`` pairs hold as many
    equal ones as rows have companions, over ``N - 1``.
    """
    if size * len(column) > MOST_READ:
        return None
    num = min(len(rows), max(2, int(LOOKED_AT / size)))
    some = np.random.default_rng(seed).choice(rows, num, replace=False)
    found = numbers_of(column[int(row)] for row in some)
    counts = np.bincount(found[found >= 0]).astype(np.float64)
    pairs = float((counts * (counts - 1) / 2).sum())
    companions = pairs / (num * (num - 1) / 2) * (len(rows) - 1)
    return column.numbers if companions >= LEAST_COMPANIONS else None
