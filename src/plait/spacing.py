"""Places and rows evenly spaced: a sample of many that is the same each time."""

from __future__ import annotations

import numpy as np


def evenly_spaced(num: int, most: int) -> np.ndarray:
    """Return at most `most` of `num` places, the first and the last among them, int64 ascending.

    >>> evenly_spaced(9, 3).tolist(), evenly_spaced(2, 3).tolist(), evenly_spaced(0, 3).tolist()
    ([0, 4, 8], [0, 1], [])
    """
    return np.linspace(0, num - 1, min(num, most)).astype(np.int64)


def even_sample(rows: np.ndarray, most: int) -> np.ndarray:
    """Return at most `most` of some rows, evenly spaced, in their order.

    >>> even_sample(np.array([5, 6, 7, 8]), 2).tolist()
    [5, 8]
    """
    return rows if len(rows) <= most else rows[evenly_spaced(len(rows), most)]
