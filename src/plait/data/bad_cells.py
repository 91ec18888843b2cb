"""Cells of a column that cannot be read: raised with their place, or skipped and recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from plait.data.decoding import placed
from plait.data.table import Table
from plait.errors import CellError, shorten

MAX_RECORDED = 1000
"""Unreadable cells listed per column; the rest are counted."""

T = TypeVar("T")


class BadCells:
    """The unreadable cells of a column.

    Attributes:
        cells: ``{"column", "row", "error"}``, at most 1,000.
        num: How many there are in all.

    Args:
        table: Its policy says whether they are skipped.
        name: Of the column.
    """

    def __init__(self, table: Table, name: str) -> None:
        self._table, self._name, self._skips = table, name, table.policy.skips
        self.cells: list[dict[str, Any]] = []
        self.num = 0

    def as_dict(self) -> dict[str, Any]:
        """Return what is kept of them beside a column's values."""
        return {"bad": self.cells, "num_bad": self.num}

    def checked(self, row: int, result: T | CellError) -> T | None:
        """Return what a cell holds, None for one that is skipped.

        Raises `CellError`, with column and row, where the policy is not to skip.
        """
        if not isinstance(result, CellError):
            return result
        if not self._skips:
            raise placed(result, self._name, self._table.given_row(self._name, row)) from result
        self.num += 1
        if self.num <= MAX_RECORDED:
            reason = f"{result.what}: {result.received}" if result.received else result.what
            where = {"column": self._name, "row": self._table.given_row(self._name, row)}
            self.cells.append({**where, "error": shorten(reason, 200)})
        return None

    def all_checked(self, first: int, results: Sequence[T | CellError]) -> list[T | None]:
        """Return what the cells of rows from `first` on hold, as `checked` does."""
        return [self.checked(row, result) for row, result in enumerate(results, first)]
