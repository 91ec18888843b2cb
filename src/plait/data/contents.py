"""Numbers the distinct values of prepared columns: rows of one number hold the same value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plait.data.entries import value_key
from plait.data.prepared import Prepared


def content_numbers(prepared: Prepared, columns: Sequence[str]) -> np.ndarray:
    """Return int64 ``[row]``: equal for rows whose prepared arrays in `columns` are equal.

    Rows with nothing in any of the columns each have a number of their own.
    """
    known: dict[object, int] = {}
    numbers = np.empty(prepared.num_rows, np.int64)
    for row in range(prepared.num_rows):
        values = [prepared.columns[name][row] for name in columns]
        if all(value is None for value in values):
            key: object = ("row", row)
        else:
            key = hash(tuple(value_key(value) for value in values))
        numbers[row] = known.setdefault(key, len(known))
    return numbers
