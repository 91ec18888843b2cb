"""A column that is in the codecs but not in the table: every row is missing."""

from __future__ import annotations

from typing import Any

import numpy as np

from plait.data.ragged import ragged_axes, stack_padded
from plait.types import ColumnBatch, Layout


class EmptyStore:
    """Stands for a column without values.

    Attributes:
        num_rows: Rows of the table.
        present: bool ``[row]``, all False.
        meta: No unreadable cells.
    """

    def __init__(self, layout: Layout, num_rows: int) -> None:
        self._layout, self.num_rows = layout, num_rows
        self.present = np.zeros(num_rows, bool)
        self.meta: dict[str, Any] = {"bad": [], "num_bad": 0}

    def row(self, row: int) -> None:
        """Return None: no row has a value."""

    def gather(self, rows: np.ndarray) -> ColumnBatch:
        """Return zeros, of length 1 along ragged axes."""
        lengths = {axis: np.ones(len(rows), np.int64) for axis in ragged_axes(self._layout)}
        parts = stack_padded([None] * len(rows), self._layout, lengths)
        return ColumnBatch(parts, lengths, np.zeros(len(rows), bool))

    def lengths(self) -> np.ndarray:
        """Return ones, int64 ``[row]``."""
        return np.ones(self.num_rows, np.int64)
