"""Prepares columns in one pass over the table: into cache entries, or into memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from plait.data.bad_cells import BadCells
from plait.data.cache import new_entry
from plait.data.decoding import Decoder, is_cheap
from plait.data.entries import Progress
from plait.data.pieces import Making, Piece, PieceReader
from plait.data.ragged import ColumnWriter
from plait.data.table import Table
from plait.errors import CellError
from plait.modalities import Codec, codec_to_dict
from plait.types import Arrays, Cell


class Writer(Protocol):
    """Takes a column's values: `plait.data.ragged.ColumnWriter`, `plait.data.held.HeldStore`."""

    def append(self, values: Sequence[Arrays | None]) -> None:
        """Add the values of the next rows; None where missing."""

    def append_stacked(self, present: np.ndarray, parts: Arrays) -> None:
        """Add rows of a dense layout: bool ``[row]`` and arrays ``[row, *shape]``."""

    def close(self, meta: dict[str, Any]) -> None:
        """Finish; `meta` says which cells could not be read."""


def column_meta(codec: Codec, bad: BadCells) -> dict[str, Any]:
    """Return what is kept on disk beside a column's prepared values."""
    return {"codec": codec_to_dict(codec), **bad.as_dict()}


class Build:
    """One pass over the table that prepares columns."""

    def __init__(self, table: Table, codecs: Mapping[str, Codec]) -> None:
        self._table, self._codecs = table, codecs
        self._media = table.media()
        self._bad = {name: BadCells(table, name) for name in codecs}

    def run(self, entries: Mapping[str, tuple[Path, str]], progress: Progress | None) -> None:
        """Write each column as an entry of the cache: name -> (folder, name of the entry)."""
        with ExitStack() as stack:
            writers = {}
            for name, codec in self._codecs.items():
                folder = stack.enter_context(new_entry(*entries[name]))
                writer = ColumnWriter(folder, codec.layout, {"codec": codec_to_dict(codec)})
                writers[name] = stack.enter_context(writer)
            self.fill(writers, progress)

    def fill(self, writers: Mapping[str, Writer], progress: Progress | None) -> None:
        """Give every column's values to its writer, and close it."""
        makings = {name: Making(codec, codec.prepare) for name, codec in self._codecs.items()}
        apart = frozenset(name for name, c in self._codecs.items() if is_cheap(c.layout))
        with PieceReader(self._table, makings) as reader:
            for piece, results in reader.read(self._pieces(reader, apart), apart=apart):
                name, first, writer = piece.name, piece.first, writers[piece.name]
                if results is None:
                    self._add_cheap(piece, reader.decoders[name], writer)
                else:
                    writer.append(self._bad[name].all_checked(first, results))
                if progress is not None and piece.last and name == list(self._codecs)[-1]:
                    progress(first + len(piece.cells))
        for name, bad in self._bad.items():
            writers[name].close(bad.as_dict())

    def _pieces(self, reader: PieceReader[Arrays], apart: frozenset[str]) -> Iterator[Piece]:
        """Yield the cells of all columns, batch by batch; those of cheap columns as one piece."""
        names = list(self._codecs)
        batch_rows = 8192 if len(apart) == len(names) else 1024
        for first, cells in self._table.batches(names, batch_rows=batch_rows):
            for name in names:
                if name in apart:
                    yield Piece(name, first, cells[name], True)
                else:
                    yield from reader.cut(name, first, cells[name])

    def _add_cheap(self, piece: Piece, decoder: Decoder[Arrays], writer: Writer) -> None:
        """Write cells that are cheap to prepare: all at once, or once per distinct one."""
        if self._add_plain(piece.name, piece.cells, writer):
            return
        distinct = decoder.decode_distinct(piece.cells)
        if distinct is not None:
            self._add_distinct(piece.name, piece.first, *distinct, writer)
            return
        results = decoder.decode_here(piece.cells)
        writer.append(self._bad[piece.name].all_checked(piece.first, results))

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
                    self._bad[name].checked(first + row, results[place])
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
