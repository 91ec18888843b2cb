"""Prepared columns in the cache: how they are keyed, opened and read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from plait.data.cache import HINT, mark_used
from plait.data.decoding import is_cheap, is_ragged
from plait.data.pages import PageBudget
from plait.data.ragged import ColumnStore
from plait.data.table import Table
from plait.modalities import Codec, codec_hash
from plait.storing import storage_failure
from plait.types import Arrays, Cell, ColumnBatch

MAX_OPENS = 3
"""How often an entry is opened that vanishes while it is."""

Progress = Callable[[int], object]
"""Called with the number of rows done (for example a task of `plait.progress`)."""


class Store(Protocol):
    """Where a prepared column's values lie."""

    num_rows: int
    present: np.ndarray
    meta: dict[str, Any]

    def row(self, row: int) -> Arrays | None:
        """Return one row's arrays."""

    def gather(self, rows: np.ndarray) -> ColumnBatch:
        """Return rows as a padded batch."""

    def lengths(self) -> np.ndarray:
        """Return int64 ``[row]``."""


class ReorderedStore:
    """The values of another store, in another order.

    Args:
        store: Where they lie.
        order: int64 ``[row]``: whose value each row has.
    """

    def __init__(self, store: Store, order: np.ndarray) -> None:
        self._store, self._order = store, np.asarray(order, np.int64)
        self.num_rows, self.meta = len(self._order), store.meta
        self.present = np.asarray(store.present, bool)[self._order]

    def row(self, row: int) -> Arrays | None:
        """Return one row's arrays."""
        return self._store.row(int(self._order[row]))

    def gather(self, rows: np.ndarray) -> ColumnBatch:
        """Return rows as a padded batch."""
        return self._store.gather(self._order[rows])

    def lengths(self) -> np.ndarray:
        """Return int64 ``[row]``."""
        return self._store.lengths()[self._order]


class PreparedColumn:
    """One column's prepared values, read from the cache.

    Attributes:
        codec: What prepared them.
        present: bool ``[row]``: whether the row has a value.
        bad: Cells that could not be read: ``{"column", "row", "error"}``, at most 1,000.
        num_bad: How many there are in all.
    """

    def __init__(self, codec: Codec, store: Store) -> None:
        self.codec = codec
        self.present = store.present
        self.bad: list[dict[str, Any]] = store.meta["bad"]
        self.num_bad = int(store.meta["num_bad"])
        self._store = store

    def with_codec(self, codec: Codec) -> PreparedColumn:
        """Return the same values under another codec of the same layout."""
        return PreparedColumn(codec, self._store)

    def reordered(self, order: np.ndarray) -> PreparedColumn:
        """Return the values in another order: row *i* has what row ``order[i]`` has here."""
        return PreparedColumn(self.codec, ReorderedStore(self._store, order))

    def __len__(self) -> int:
        return self._store.num_rows

    def __getitem__(self, row: int) -> Arrays | None:
        """Return read-only views of a row's arrays, or None when it has no value."""
        return self._store.row(int(row))

    def take(self, rows: np.ndarray) -> list[Arrays | None]:
        """Return many rows' arrays, as of each alone; read at once where they are of one size."""
        if is_ragged(self.codec.layout):
            return [self[row] for row in rows]
        batch = self.gather(rows)
        parts = zip(*batch.parts.values(), strict=True)
        pairs = zip(batch.present.tolist(), parts, strict=True)
        return [dict(zip(batch.parts, one, strict=True)) if here else None for here, one in pairs]

    def gather(self, rows: np.ndarray) -> ColumnBatch:
        """Return rows as one padded batch, copied (the fast path where nothing is augmented)."""
        return self._store.gather(np.asarray(rows, np.int64))

    def lengths(self) -> np.ndarray:
        """Return int64 ``[row]``: the product of ragged axes' lengths (1 where there are none)."""
        return self._store.lengths()

    @cached_property
    def numbers(self) -> np.ndarray:
        """int64 ``[row]``: equal where rows hold equal arrays, -1 where none; all are read once."""
        return numbers_of(self[row] for row in range(len(self)))


def numbers_of(values: Iterable[Arrays | None]) -> np.ndarray:
    """Return int64 ``[value]`` from 0 on: equal for values of equal arrays; -1 for none."""
    known: dict[int, int] = {}
    return np.array(
        [-1 if v is None else known.setdefault(hash(value_key(v)), len(known)) for v in values],
        np.int64,
    )


def value_key(value: Arrays | None) -> object:
    """Return what is equal for values of equal arrays, and only for these."""
    if value is None:
        return None
    return tuple((name, array.shape, array.tobytes()) for name, array in value.items())


def column_key(table: Table, name: str, codec: Codec) -> str:
    """Return the cache key of a column: preprocessing, cells, and the files that cells name."""
    digest = hashlib.sha256(f"{codec_hash(codec)}|{codec.modality}|{name}|".encode())
    digest.update(table.key.encode())
    if not is_cheap(codec.layout):
        digest.update(_files_key(table, name))
    return digest.hexdigest()[:40]


def _files_key(table: Table, name: str) -> bytes:
    """Return a hash of path, size and time of every file that the column's cells name."""
    digest = hashlib.sha256()
    for first, cells in table.batches([name]):
        stats = [cell_stat(table.root, cell) for cell in cells[name]]
        if first == 0 and not any(stats):
            return b"no files"
        digest.update("\n".join(stats).encode(errors="surrogatepass"))
    return os.fsencode(os.path.realpath(table.root)) + digest.digest()


def cell_stat(root: Path, cell: Cell) -> str:
    """Return size and time of the file that a cell names; empty when it names none."""
    if isinstance(cell, dict):
        cell = cell.get("path")
    if not isinstance(cell, str) or len(cell) > 1000 or "\n" in cell or "\0" in cell:
        return ""
    try:
        stat = os.stat(os.path.join(root, cell.strip()))
    except (OSError, ValueError):
        return ""
    return f"{stat.st_size}|{stat.st_mtime_ns}"


def open_column(folder: Path, codec: Codec, budget: PageBudget) -> PreparedColumn | None:
    """Open a cache entry; None when there is none or it is damaged (it is then built anew).

    Raises `StorageError` when the system cannot open it now: too many files, no permission.
    """
    for _ in range(MAX_OPENS):
        if not folder.is_dir():
            return None
        try:
            column = PreparedColumn(codec, ColumnStore(folder, codec.layout, budget))
        except FileNotFoundError:  # another process replaces it in this moment, or it is damaged
            continue
        except (OSError, ValueError, KeyError, TypeError) as error:
            failure = storage_failure(error, folder, hint=HINT)
            if failure is not None and isinstance(error, OSError):
                raise failure from error
            return None
        mark_used(folder)
        return column
    return None
