"""A name for each row of a table: its id column, else its number."""

from __future__ import annotations

from plait.data.schema import Schema
from plait.data.table import Table


def row_ids(table: Table) -> list[str]:
    """Return a name per row: the table's id column where its cells all differ, else row numbers."""
    return said_ids(table) or [str(number) for number in range(table.num_rows)]


def said_ids(table: Table, schema: Schema | None = None) -> list[str] | None:
    """Return what the table's id column says of each row, where all differ; None without one.

    Args:
        table: The rows.
        schema: Says which column that is, where the table's own does not.
    """
    for column in (schema or table.schema).columns:
        if column.role == "id" and column.name in table.column_names:
            cells = [str(cell) for cell in table.column(column.name)]
            if len(set(cells)) == len(cells):
                return cells
    return None
