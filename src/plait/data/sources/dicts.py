"""Takes rows of Python's own kinds: one dict of cells, a list of dicts, a dict of lists."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plait.data.sources.header import check_names
from plait.data.sources.rows import MemoryRows
from plait.errors import TableError
from plait.types import Cell


def rows_in_python(source: Mapping[Any, Any] | Sequence[Any]) -> MemoryRows:
    """Return the rows of a list of dicts, a dict of lists, or one row: a dict of cells.

    A dict of which any cell is no list is one row; absent keys are missing cells.

    Raises:
        TableError: No rows, doubled names, columns of unequal length, an element that is no dict.
    """
    if not isinstance(source, Mapping):
        return from_dicts(source)
    if any(_is_one_cell(cells) for cells in source.values()):
        return from_dicts([source])
    return _from_columns({str(name): list(cells) for name, cells in source.items()})


def from_dicts(source: Sequence[Any]) -> MemoryRows:
    """Return the rows of a list of dicts. Raises `TableError` for any other element."""
    for row, cells in enumerate(source):
        if not isinstance(cells, Mapping):
            raise TableError(
                "a row is not a dict",
                expected="a list of dicts, column name -> cell",
                received=cells,
                row=row,
            )
    names = dict.fromkeys(str(name) for cells in source for name in cells)
    check_names(list(names))
    return _from_columns({name: [cells.get(name) for cells in source] for name in names})


def _from_columns(columns: dict[str, list[Cell]]) -> MemoryRows:
    check_names(list(columns))
    lengths = {name: len(cells) for name, cells in columns.items()}
    if len(set(lengths.values())) > 1:
        raise TableError(
            "the columns are not equally long",
            expected="one cell per row in every column",
            received=", ".join(f"{name}: {num}" for name, num in lengths.items()),
        )
    if not columns or not next(iter(lengths.values())):
        raise TableError("the table has no rows", expected="at least one row")
    return MemoryRows({name: [plain(c) for c in cells] for name, cells in columns.items()})


def _is_one_cell(value: Any) -> bool:
    """Tell whether a value is one row's cell rather than a column: it is no list of anything."""
    if isinstance(value, str | bytes | Mapping) or not hasattr(value, "__iter__"):
        return True
    return getattr(value, "ndim", 1) == 0


def plain(cell: Cell) -> Cell:
    """Return numpy scalars as Python's, paths as text, pandas' nothing as None."""
    if isinstance(cell, str | bytes | float | int) or cell is None:
        return cell
    if isinstance(cell, os.PathLike):
        return os.fspath(cell)
    if isinstance(cell, np.generic):
        return cell.item()
    return None if type(cell).__name__ in {"NAType", "NaTType"} else cell
