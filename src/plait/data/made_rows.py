"""A table with rows behind it that a model made of its columns: learned from, and never judged."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from plait.data.schema import Column, Schema
from plait.data.sources.rows import MemoryRows
from plait.data.table import Table
from plait.types import Cell

SPLIT = "split~made"
"""Column that says where each row belongs, made ones too."""


class RowsWithMade:
    """Rows of a table, and behind them made ones; see `plait.data.sources.rows.Rows`.

    Args:
        table: The rows.
        made: Column -> cells of the made rows; columns that are not named are missing there.
        parts: ``train``, ``validation``, ``test`` or ``out`` of each row of the table; made ones
            are ``train``.

    Attributes:
        real: The table, none of whose rows is made.
    """

    def __init__(
        self, table: Table, made: Mapping[str, Sequence[Cell]], parts: Sequence[str]
    ) -> None:
        num = len(next(iter(made.values()))) if made else 0
        self.real = table
        empty: list[Cell] = [None] * num
        self._made = MemoryRows({n: list(made.get(n, empty)) for n in table.column_names})
        self._parts = [*parts, *["train"] * num]
        self.column_names = (*table.column_names, SPLIT)
        self.num_rows, self.notes = table.num_rows + num, table.notes

    @property
    def key(self) -> str:
        """Changes with the table, the made cells, and the parts."""
        told = "|".join([self.real.key, self._made.key, *self._parts])
        return hashlib.sha256(told.encode()).hexdigest()

    def read(self, column: str, first: int, stop: int) -> list[Cell]:
        """Return the cells of rows ``first`` to ``stop - 1``."""
        return self.pick(column, np.arange(first, stop))

    def pick(self, column: str, rows: np.ndarray) -> list[Cell]:
        """Return the cells of the given row numbers, in that order."""
        if column == SPLIT:
            return [self._parts[int(row)] for row in rows]
        real = rows < self.real.num_rows
        of_table = iter(self.real.column(column, rows[real]))
        of_made = iter(self._made.pick(column, rows[~real] - self.real.num_rows))
        return [next(of_table if is_real else of_made) for is_real in real]


def with_made(table: Table, made: Mapping[str, Sequence[Cell]], parts: Sequence[str]) -> Table:
    """Return a table with made rows behind its own, and the column `SPLIT`.

    Args:
        table: With its schema.
        made: Column -> cells of the made rows, each equally many; empty for none.
        parts: Of the table's rows: ``train``, ``validation``, ``test`` or ``out``.
    """
    said = Column(name=SPLIT, modality=None, role="split", why="said by the fit")
    return Table(
        RowsWithMade(table, made, parts),
        name=table.name,
        policy=table.policy,
        overrides=table.overrides,
        schema=Schema((*table.schema.columns, said)),
    )
