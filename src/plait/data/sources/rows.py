"""Rows: what every source gives, either in memory or read batch by batch from an Arrow file."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from plait.arrow import array
from plait.data.sources.names import notes_of
from plait.types import Cell

KEPT_BYTES = 8 * 2**20
"""Batches of a file kept decoded, for reads that come back to the same place."""


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


class MemoryRows:
    """Rows held in memory: Arrow columns, or lists where cells are of mixed types.

    Args:
        columns: Name -> cells, all of one length.
        key: Of the file that they were read from; None when a person holds them in memory.
    """

    def __init__(
        self, columns: dict[str, pa.ChunkedArray | list[Cell]], *, key: str | None = None
    ) -> None:
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
        cells: list[Cell] = values.take(array(rows)).to_pylist()
        return cells


class FileRows:
    """Rows of an Arrow IPC file whose batches, but for the last, hold equally many rows.

    Read through a file handle, not a memory map: mapped pages would count as memory used.
    """

    def __init__(self, path: Path, *, key: str) -> None:
        self.key = key
        self._file = pa.OSFile(str(path))
        reader = pa.ipc.open_file(self._file)
        self.column_names = tuple(reader.schema.names)
        self.notes = notes_of(reader.schema)
        self._num_batches = reader.num_record_batches
        self._rows_per_batch = reader.get_batch(0).num_rows if self._num_batches else 1
        last = reader.get_batch(self._num_batches - 1).num_rows if self._num_batches else 0
        self.num_rows = max(0, self._num_batches - 1) * self._rows_per_batch + last
        self._readers: dict[str, Any] = {}
        self._kept: OrderedDict[tuple[str, int], pa.Array] = OrderedDict()
        self._kept_bytes = 0
        self._lock = threading.Lock()

    def read(self, column: str, first: int, stop: int) -> list[Cell]:
        cells: list[Cell] = []
        while first < stop:
            number, offset = divmod(first, self._rows_per_batch)
            num = min(self._rows_per_batch - offset, stop - first)
            cells += self._batch(column, number).slice(offset, num).to_pylist()
            first += num
        return cells

    def pick(self, column: str, rows: np.ndarray) -> list[Cell]:
        cells = np.empty(len(rows), object)
        numbers = rows // self._rows_per_batch
        order = np.argsort(numbers, kind="stable")
        for places in np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1):
            if len(places):
                batch = self._batch(column, int(numbers[places[0]]))
                wanted = array(rows[places] % self._rows_per_batch)
                for place, cell in zip(places, batch.take(wanted).to_pylist(), strict=True):
                    cells[place] = cell
        return list(cells)

    def _batch(self, column: str, number: int) -> pa.Array:
        with self._lock:
            found = self._kept.get((column, number))
            if found is not None:
                self._kept.move_to_end((column, number))
                return found
            array = self._reader(column).get_batch(number).column(0)
            self._kept[column, number] = array
            self._kept_bytes += array.nbytes
            while self._kept_bytes > KEPT_BYTES and len(self._kept) > 1:
                self._kept_bytes -= self._kept.popitem(last=False)[1].nbytes
            return array

    def _reader(self, column: str) -> Any:
        """Return a reader of one column only: the others' bytes are never read."""
        if column not in self._readers:
            options = pa.ipc.IpcReadOptions(
                included_fields=[self.column_names.index(column)], use_threads=False
            )
            self._readers[column] = pa.ipc.open_file(self._file, options=options)
        return self._readers[column]


def _content_key(columns: dict[str, pa.ChunkedArray | list[Cell]]) -> str:
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
