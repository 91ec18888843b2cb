"""Rows of an Arrow file, read batch by batch."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from plait.arrow import array
from plait.data.sources.arrow_names import notes_of
from plait.types import Cell

KEPT_BYTES = 8 * 2**20
"""Batches of a file kept decoded, for reads that come back to the same place."""


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
