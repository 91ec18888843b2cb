"""Prepares columns in one pass over the table: into cache entries, or into memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from plait.data.cache import new_entry
from plait.data.decoding import Decoder, is_cheap, placed
from plait.data.entries import Progress
from plait.data.ragged import ColumnWriter
from plait.data.table import Table
from plait.errors import CellError, shorten
from plait.modalities import Codec, codec_to_dict
from plait.types import Arrays, Cell

MAX_RECORDED = 1000
"""Unreadable cells listed per column; the rest are counted."""


FEW_ROWS = 16
"""Up to here no threads decode: starting them takes longer than they save."""


class Writer(Protocol):
    """Takes a column's values: `plait.data.ragged.ColumnWriter`, `plait.data.held.HeldStore`."""

    def append(self, values: Sequence[Arrays | None]) -> None:
        """Add the values of the next rows; None where missing."""

    def append_stacked(self, present: np.ndarray, parts: Arrays) -> None:
        """Add rows of a dense layout: bool ``[row]`` and arrays ``[row, *shape]``."""

    def close(self, meta: dict[str, Any]) -> None:
        """Finish; `meta` says which cells could not be read."""


class Build:
    """One pass over the table that prepares columns."""

    def __init__(self, table: Table, codecs: Mapping[str, Codec]) -> None:
        self._table, self._codecs = table, codecs
        self._media = table.media()
        self._num_workers = 0 if table.num_rows <= FEW_ROWS else table.policy.num_workers
        self._bad: dict[str, list[dict[str, Any]]] = {name: [] for name in codecs}
        self._num_bad = dict.fromkeys(codecs, 0)

    def run(self, entries: Mapping[str, tuple[Path, str]], progress: Progress | None) -> None:
        """Write each column as an entry of the cache: name -> (folder, name of the entry)."""
        with ExitStack() as stack:
            writers = {}
            for name, codec in self._codecs.items():
                folder = stack.enter_context(new_entry(*entries[name]))
                writers[name] = stack.enter_context(ColumnWriter(folder, codec.layout))
            self.fill(writers, progress)

    def fill(self, writers: Mapping[str, Writer], progress: Progress | None) -> None:
        """Give every column's values to its writer, and close it."""
        names = list(self._codecs)
        cheap = all(is_cheap(codec.layout) for codec in self._codecs.values())
        with ExitStack() as stack:
            decoders = {
                name: stack.enter_context(
                    Decoder(codec, self._media, codec.prepare, num_workers=self._num_workers)
                )
                for name, codec in self._codecs.items()
            }
            for first, cells in self._table.batches(names, batch_rows=8192 if cheap else 1024):
                for name in names:
                    self._add(name, first, cells[name], decoders[name], writers[name])
                if progress is not None:
                    progress(first + len(cells[names[0]]))
        for name, codec in self._codecs.items():
            bad = {"bad": self._bad[name], "num_bad": self._num_bad[name]}
            writers[name].close({"codec": codec_to_dict(codec), **bad})

    def _add(
        self,
        name: str,
        first: int,
        cells: list[Cell],
        decoder: Decoder[Arrays],
        writer: Writer,
    ) -> None:
        if self._add_plain(name, cells, writer):
            return
        distinct = decoder.decode_distinct(cells)
        if distinct is not None:
            self._add_distinct(name, first, *distinct, writer)
            return
        for results in decoder.decode(cells):
            writer.append(
                [self._checked(name, first + i, result) for i, result in enumerate(results)]
            )
            first += len(results)

    def _add_plain(self, name: str, cells: list[Cell], writer: Writer) -> bool:
        """Write cells that the codec can read and prepare all at once; tell whether it can."""
        codec: Any = self._codecs[name]
        read = getattr(codec, "read_plain", None)
        values = None if read is None else read(cells, self._media)
        if values is None:
            return False
        writer.append_stacked(~np.isnan(values), codec.prepare_plain(values))
        return True

    def _add_distinct(
        self,
        name: str,
        first: int,
        results: list[Arrays | None | CellError],
        index: list[int],
        writer: Writer,
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
        if not self._table.policy.skips:
            raise placed(result, name, row) from result
        self._num_bad[name] += 1
        if self._num_bad[name] <= MAX_RECORDED:
            reason = f"{result.what}: {result.received}" if result.received else result.what
            self._bad[name].append({"column": name, "row": row, "error": shorten(reason, 200)})
        return None
