"""Rows: what every source gives; those in memory need no Arrow where their cells are lists."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from plait.errors import TableError
from plait.types import Cell


class Rows(Protocol):
    """Named columns of cells.

    Attributes:
        column_names: In the order of the source.
        num_rows: How many rows there are.
        notes: What people should know of how the source was read.
    """

    column_names: tuple[str, ...]
    num_rows: int
    notes: tuple[str, ...]

    @property
    def key(self) -> str:
        """Changes whenever the content may have changed; names cache entries."""

    def read(self, column: str, first: int, stop: int) -> list[Cell]:
        """Return the cells of rows ``first`` to ``stop - 1``."""

    def pick(self, column: str, rows: np.ndarray) -> list[Cell]:
        """Return the cells of the given row numbers, in that order."""


class Opened(NamedTuple):
    """A source that can be read: its rows, a name for reports, the folder of its media."""

    rows: Rows
    name: str
    folder: Path


class MemoryRows:
    """Rows held in memory: Arrow columns, or lists where cells are of mixed types.

    Args:
        columns: Name -> cells, Arrow's chunked array or a list, all of one length.
        key: Of the file that they were read from; None when a person holds them in memory.
    """

    def __init__(self, columns: Mapping[str, Any], *, key: str | None = None) -> None:
        self.column_names = tuple(columns)
        self.num_rows = len(next(iter(columns.values()))) if columns else 0
        self._columns, self._key = columns, key
        self.notes: tuple[str, ...] = ()
        self.given = key is None

    @property
    def key(self) -> str:
        """As given, of a file; else a hash of the cells, computed when it is first asked for."""
        if self._key is None:
            self._key = _content_key(self._columns)
        return self._key

    def read(self, column: str, first: int, stop: int) -> list[Cell]:
        values = self._columns[column]
        if isinstance(values, list):
            return values[first:stop]
        cells: list[Cell] = values.slice(first, stop - first).to_pylist()
        return cells

    def pick(self, column: str, rows: np.ndarray) -> list[Cell]:
        values = self._columns[column]
        if isinstance(values, list):
            return [values[row] for row in rows]
        if len(rows) and rows[-1] - rows[0] == len(rows) - 1 and (np.diff(rows) == 1).all():
            return self.read(column, int(rows[0]), int(rows[-1]) + 1)
        from plait.arrow import array

        cells: list[Cell] = values.take(array(rows)).to_pylist()
        return cells


def _content_key(columns: Mapping[str, Any]) -> str:
    digest = hashlib.sha256()
    for name, values in columns.items():
        digest.update(repr((name, len(values))).encode())
        for first in range(0, len(values), 8192):
            part = values[first : first + 8192]
            for cell in part if isinstance(part, list) else part.to_pylist():
                digest.update(_cell_bytes(cell))
    return digest.hexdigest()


def _cell_bytes(cell: Cell) -> bytes:
    if isinstance(cell, bytes):
        return b"b%d:" % len(cell) + cell
    if isinstance(cell, np.ndarray):
        return repr((cell.dtype, cell.shape)).encode() + cell.tobytes()
    if isinstance(cell, dict):
        return b"d" + b"".join(_cell_bytes(part) for pair in cell.items() for part in pair)
    text = repr(cell)
    return f"{type(cell).__name__}{len(text)}:{text}".encode(errors="surrogatepass")


def no_rows(path: Path) -> TableError:
    """Return the error for a table without rows."""
    return TableError(
        "the table has no rows",
        expected="at least one row below the header",
        path=path,
        hint="was the file written to its end?",
    )


def joined(parts: Iterable[list[Cell]]) -> list[Cell]:
    """Join cells; equal texts become one object, for labels repeat a million times."""
    seen: dict[str, str] = {}
    found: list[Cell] = []
    for cells in parts:
        if len(seen) > 10_000:
            found += cells
        else:
            found += [seen.setdefault(c, c) if isinstance(c, str) else c for c in cells]
    return found
