"""Decodes a table's columns once, into a memory-mapped cache keyed by content and preprocessing."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from plait.data.cache import cache_folder, mark_used, new_entry
from plait.data.decoding import Decoder, is_cheap
from plait.data.pages import PageBudget
from plait.data.ragged import ColumnStore, ColumnWriter
from plait.data.table import Table
from plait.errors import CellError, TableError, UsageError, shorten
from plait.modalities import Codec, codec_hash, codec_to_dict
from plait.types import Arrays, Cell, ColumnBatch

MAX_RECORDED = 1000
"""Unreadable cells listed per column; the rest are counted."""

Progress = Callable[[int, int], None]
"""Called with rows done and rows in all."""


class PreparedColumn:
    """One column's prepared values, read from the cache.

    Attributes:
        codec: What prepared them.
        present: bool ``[row]``: whether the row has a value.
        bad: Cells that could not be read: ``{"column", "row", "error"}``, at most 1,000.
        num_bad: How many there are in all.
    """

    def __init__(self, codec: Codec, store: ColumnStore) -> None:
        self.codec = codec
        self.present = store.present
        self.bad: list[dict[str, Any]] = store.meta["bad"]
        self.num_bad = int(store.meta["num_bad"])
        self._store = store

    def __len__(self) -> int:
        return self._store.num_rows

    def __getitem__(self, row: int) -> Arrays | None:
        """Return read-only views of a row's arrays, or None when it has no value."""
        return self._store.row(int(row))

    def gather(self, rows: np.ndarray) -> ColumnBatch:
        """Return rows as one padded batch, copied (the fast path where nothing is augmented)."""
        return self._store.gather(np.asarray(rows, np.int64))

    def lengths(self) -> np.ndarray:
        """Return int64 ``[row]``: the product of ragged axes' lengths (1 where there are none)."""
        return self._store.lengths()


@dataclass(frozen=True)
class Prepared:
    """A table's columns, prepared.

    Attributes:
        columns: Column name -> its values.
        num_rows: As in the table.
    """

    columns: dict[str, PreparedColumn]
    num_rows: int
    bad: list[dict[str, Any]] = field(init=False)
    """Cells that were skipped, of all columns; at most 1,000 of each."""

    def __post_init__(self) -> None:
        bad = [cell for column in self.columns.values() for cell in column.bad]
        object.__setattr__(self, "bad", bad)

    @property
    def num_bad(self) -> dict[str, int]:
        """Column name -> how many of its cells could not be read, where any."""
        return {name: c.num_bad for name, c in self.columns.items() if c.num_bad}


def prepare_table(
    table: Table,
    codecs: Mapping[str, Codec],
    *,
    cache: Path | None = None,
    on_error: str = "raise",
    progress: Progress | None = None,
    allow_network: bool = False,
    num_workers: int = 2,
) -> Prepared:
    """Return the columns' prepared values: from the cache, or decoded now.

    Args:
        table: The rows.
        codecs: Column name -> fitted codec.
        cache: The cache's root; default as in `plait.data.cache.default_cache`.
        on_error: ``raise``, or ``skip``: an unreadable cell counts as missing and is recorded.
        progress: Called after every batch.
        allow_network: Whether URL cells may be fetched.
        num_workers: Threads that decode media.

    Raises:
        CellError: The first unreadable cell, with column and row, unless skipped.
        TableError: No such column, or the cache cannot be written.
    """
    check_on_error(on_error)
    folder = cache_folder("prepared", cache)
    names = {name: column_key(table, name, codec) for name, codec in codecs.items()}
    budget = PageBudget()
    found = {n: _open(folder / names[n], codec, budget) for n, codec in codecs.items()}
    todo = {name: codecs[name] for name, column in found.items()
            if column is None or (on_error == "raise" and column.num_bad)}
    if todo:
        build = _Build(table, todo, on_error, allow_network, num_workers)
        build.run({name: (folder, names[name]) for name in todo}, progress)
    columns = {}
    for name, codec in codecs.items():
        column = _open(folder / names[name], codec, budget) if name in todo else found[name]
        if column is None:
            raise TableError("the cache was changed while it was written", path=folder)
        columns[name] = column
    return Prepared(columns, table.num_rows)


def check_on_error(on_error: str) -> None:
    """Raise `UsageError` unless it is ``raise`` or ``skip``."""
    if on_error not in {"raise", "skip"}:
        raise UsageError("unknown way to treat unreadable cells", expected="raise or skip",
                         received=on_error)


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
        stats = [_stat(table.root, cell) for cell in cells[name]]
        if first == 0 and not any(stats):
            return b"no files"
        digest.update("\n".join(stats).encode(errors="surrogatepass"))
    return os.fsencode(os.path.realpath(table.root)) + digest.digest()


def _stat(root: Path, cell: Cell) -> str:
    if isinstance(cell, dict):
        cell = cell.get("path")
    if not isinstance(cell, str) or len(cell) > 1000 or "\n" in cell or "\0" in cell:
        return ""
    try:
        stat = os.stat(os.path.join(root, cell.strip()))
    except (OSError, ValueError):
        return ""
    return f"{stat.st_size}|{stat.st_mtime_ns}"


def _open(folder: Path, codec: Codec, budget: PageBudget) -> PreparedColumn | None:
    """Open a cache entry; None when there is none or it is damaged (it is then built anew)."""
    if not folder.is_dir():
        return None
    try:
        column = PreparedColumn(codec, ColumnStore(folder, codec.layout, budget))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    mark_used(folder)
    return column


class _Build:
    """One pass over the table that writes the columns not yet in the cache."""

    def __init__(
        self,
        table: Table,
        codecs: Mapping[str, Codec],
        on_error: str,
        allow_network: bool,
        num_workers: int,
    ) -> None:
        self._table, self._codecs, self._on_error = table, codecs, on_error
        self._media, self._num_workers = table.media(allow_network), num_workers
        self._bad: dict[str, list[dict[str, Any]]] = {name: [] for name in codecs}
        self._num_bad = dict.fromkeys(codecs, 0)

    def run(self, entries: Mapping[str, tuple[Path, str]], progress: Progress | None) -> None:
        cheap = all(is_cheap(codec.layout) for codec in self._codecs.values())
        with ExitStack() as stack:
            writers, decoders = {}, {}
            for name, codec in self._codecs.items():
                folder = stack.enter_context(new_entry(*entries[name]))
                writers[name] = stack.enter_context(ColumnWriter(folder, codec.layout))
                decoders[name] = stack.enter_context(Decoder(
                    codec, self._media, codec.prepare, num_workers=self._num_workers
                ))
            names = list(self._codecs)
            for first, cells in self._table.batches(names, batch_rows=8192 if cheap else 1024):
                for name in names:
                    self._add(name, first, cells[name], decoders[name], writers[name])
                if progress is not None:
                    progress(min(first + len(cells[names[0]]), len(self._table)), len(self._table))
            for name, codec in self._codecs.items():
                writers[name].close({"codec": codec_to_dict(codec), "bad": self._bad[name],
                                     "num_bad": self._num_bad[name]})

    def _add(
        self,
        name: str,
        first: int,
        cells: list[Cell],
        decoder: Decoder[Arrays],
        writer: ColumnWriter,
    ) -> None:
        distinct = decoder.decode_distinct(cells)
        if distinct is not None:
            self._add_distinct(name, first, *distinct, writer)
            return
        for results in decoder.decode(cells):
            writer.append([
                self._checked(name, first + i, result) for i, result in enumerate(results)
            ])
            first += len(results)

    def _add_distinct(
        self,
        name: str,
        first: int,
        results: list[Arrays | None | CellError],
        index: list[int],
        writer: ColumnWriter,
    ) -> None:
        """Write values that were prepared once per distinct cell, by one gather."""
        layout = self._codecs[name].layout
        failed = {place for place, r in enumerate(results) if isinstance(r, CellError)}
        if failed:
            for row, place in enumerate(index):
                if place in failed:
                    self._checked(name, first + row, results[place])
        values = [None if isinstance(r, CellError) else r for r in results]
        places = np.asarray(index)
        present = np.array([value is not None for value in values], bool)[places]
        parts = {}
        for part, spec in layout.items():
            table = np.zeros((len(values), *(int(s) for s in spec.shape)), spec.dtype)
            for place, value in enumerate(values):
                if value is not None:
                    table[place] = value[part]
            parts[part] = table[places]
        writer.append_stacked(present, parts)

    def _checked(self, name: str, row: int, result: Arrays | None | CellError) -> Arrays | None:
        if not isinstance(result, CellError):
            return result
        if self._on_error == "raise":
            error = type(result)(result.what, expected=result.expected, received=result.received,
                                 hint=result.hint, path=result.path)
            raise error.at(column=name, row=row) from result
        self._num_bad[name] += 1
        if self._num_bad[name] <= MAX_RECORDED:
            reason = f"{result.what}: {result.received}" if result.received else result.what
            self._bad[name].append({"column": name, "row": row, "error": shorten(reason, 200)})
        return None
