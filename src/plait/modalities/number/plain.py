"""Reads many cells at once where all are numbers already, or texts that every computer writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from plait.modalities.number.seen import PLAIN
from plait.types import Cell

if TYPE_CHECKING:
    from jaxtyping import Float64

LARGEST = 1e30
"""Numbers beyond it are refused."""


def plain_values(cells: Sequence[Cell], *, texts: bool) -> Float64[np.ndarray, " cell"] | None:
    """Return cells as numbers, NaN where one is missing; None where any needs a closer look.

    Args:
        cells: Of one column.
        texts: Whether text is read with a point as its decimal sign.
    """
    kinds = set(map(type, cells))
    if kinds <= {float, int, type(None)}:
        values = _converted(cells)
    elif texts and kinds <= {str, type(None)}:
        written = [cell for cell in cells if cell]
        if not all(map(PLAIN.fullmatch, written)):
            return None
        values = np.full(len(cells), np.nan)
        values[[bool(cell) for cell in cells]] = np.array(written).astype(np.float64)
    else:
        return None
    return None if values is None or (np.abs(values) > LARGEST).any() else values


def _converted(cells: Sequence[Cell]) -> np.ndarray | None:
    try:
        return np.array(cells, np.float64)
    except OverflowError:  # a whole number of more than 308 digits
        return None
