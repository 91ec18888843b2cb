"""Prepared values held in memory, for few rows that are used once: nothing is written to disk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from plait.data.ragged import axis_lengths, is_dense, ragged_axes, stack_padded
from plait.types import Arrays, ColumnBatch, Layout


class HeldStore:
    """Collects one column's values as `plait.data.ragged.ColumnWriter` does, and gives them back.

    Attributes:
        num_rows: Rows so far.
        present: bool ``[row]``.
        meta: What `close` was told.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout, self._axes, self._dense = layout, ragged_axes(layout), is_dense(layout)
        self._values: list[Arrays | None] = []
        self._lengths: list[dict[str, int]] = []
        self._presence: list[np.ndarray] = []
        self._blocks: list[Arrays] = []
        self.num_rows = 0
        self.present = np.zeros(0, bool)
        self.meta: dict[str, Any] = {"bad": [], "num_bad": 0}

    def append(self, values: Sequence[Arrays | None]) -> None:
        """Add the values of the next rows; None where missing."""
        found = [{} if value is None else axis_lengths(value, self._layout) for value in values]
        present = np.array([value is not None for value in values], bool)
        if self._dense:
            self.append_stacked(present, stack_padded(values, self._layout, {}))
            return
        self._values += values
        self._lengths += found
        self._presence.append(present)

    def append_stacked(self, present: np.ndarray, parts: Arrays) -> None:
        """Add rows of a dense layout: bool ``[row]`` and arrays ``[row, *shape]``."""
        self._blocks.append(parts)
        self._presence.append(present)

    def close(self, meta: dict[str, Any]) -> None:
        """Finish; `meta` says which cells could not be read."""
        self.meta = meta
        if self._presence:
            self.present = np.concatenate(self._presence)
        self.num_rows = len(self.present)
        if self._dense and self._blocks:
            self._blocks = [_joined(self._blocks, self._layout)]

    def row(self, row: int) -> Arrays | None:
        """Return one row's parts, or None when it has no value."""
        if not self.present[row]:
            return None
        if not self._dense:
            return self._values[row]
        return {name: array[row] for name, array in self._blocks[0].items()}

    def gather(self, rows: np.ndarray) -> ColumnBatch:
        """Return the rows as one padded batch."""
        present = self.present[rows]
        if self._dense:
            parts = {name: np.take(array, rows, axis=0) for name, array in self._blocks[0].items()}
            return ColumnBatch(parts, {}, present)
        lengths = {axis: self._axis(axis, rows) for axis in self._axes}
        parts = stack_padded([self._values[row] for row in rows], self._layout, lengths)
        return ColumnBatch(parts, lengths, present)

    def lengths(self) -> np.ndarray:
        """Return int64 ``[row]``: the product of ragged axes' lengths (1 without any)."""
        every = np.arange(self.num_rows)
        found = [self._axis(axis, every) for axis in self._axes]
        return np.prod([np.ones(self.num_rows, np.int64), *found], axis=0)

    def _axis(self, axis: str, rows: np.ndarray) -> np.ndarray:
        return np.array([max(self._lengths[row].get(axis, 1), 1) for row in rows], np.int64)


def _joined(blocks: Sequence[Arrays], layout: Layout) -> Arrays:
    return {name: np.concatenate([block[name] for block in blocks]) for name in layout}
