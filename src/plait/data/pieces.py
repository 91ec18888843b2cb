"""Decodes a pass over a table piece by piece, in order: here, in threads, or in processes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from plait.data.decoding import SLICE_CELLS, Decoder, is_cheap
from plait.data.table import Table
from plait.data.workers import Workers
from plait.errors import CellError
from plait.forking import can_fork
from plait.modalities import Codec, traits_of
from plait.threads import few_threads, num_threads
from plait.types import Cell

FEW_ROWS = 16
"""Up to here no threads decode: starting them takes longer than they save."""

MANY_ROWS = 1000
"""From here on processes do, where there are cores: forking takes as long as many pictures."""

LEAST_CELLS, MOST_CELLS, PIECE_SECONDS = 8, 512, 0.05
"""Of a piece that a process is given: pieces grow until they take so long."""

T = TypeVar("T")


@dataclass(frozen=True)
class Making(Generic[T]):
    """What is made of a column's cells.

    Attributes:
        codec: Reads them.
        finish, many: As of `plait.data.decoding.Decoder`.
    """

    codec: Codec
    finish: Callable[[Any], T]
    many: Callable[[list[Any]], Sequence[T]] | None = None


@dataclass(frozen=True)
class Piece:
    """Cells of a column, one below the other.

    Attributes:
        name: Of the column.
        first: Number of the first row.
        cells: Of these rows.
        last: Whether a batch of the table ends with it.
    """

    name: str
    first: int
    cells: list[Cell]
    last: bool


def num_processes(table: Table) -> int:
    """Return how many processes decode a table's media; 0 where this one does it alone.

    None are forked from a thread: what other threads hold would never be let go in them.
    """
    in_thread = threading.current_thread() is not threading.main_thread()
    if table.num_rows < MANY_ROWS or in_thread or not can_fork():
        return 0
    num = min(table.policy.num_workers, num_threads())
    return num if num > 1 else 0


class PieceReader(Generic[T]):
    """Decodes the pieces of a pass over a table. Use as a context manager.

    What is found does not depend on who decodes, nor on how long pieces are.

    Args:
        table: Its policy says how cells are read, and by how many workers.
        makings: Column name -> what is made of its cells.
    """

    def __init__(self, table: Table, makings: Mapping[str, Making[T]]) -> None:
        heavy = not all(is_cheap(one.codec.layout) for one in makings.values())
        self._num = num_processes(table) if heavy else 0
        threads = 0 if self._num or table.num_rows <= FEW_ROWS else table.policy.num_workers
        media = table.media()
        self.decoders = {
            name: Decoder(
                one.codec,
                media,
                one.finish,
                many=one.many,
                # One core gains by threads only while it waits, for files and decoders.
                num_workers=0 if num_threads() < 2 and traits_of(one.codec).light else threads,
            )
            for name, one in makings.items()
        }
        self._size = LEAST_CELLS if self._num else SLICE_CELLS
        self._stack = ExitStack()
        self._workers: Workers[tuple[str, list[Cell]], Any] | None = None

    def __enter__(self) -> PieceReader[T]:
        for decoder in self.decoders.values():
            self._stack.enter_context(decoder)
        if self._num:
            self._workers = self._stack.enter_context(Workers(self._decode_timed, self._num))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def cut(self, name: str, first: int, cells: list[Cell]) -> Iterator[Piece]:
        """Yield the pieces of a batch's cells, of the size that is best now."""
        start = 0
        while start < len(cells):
            stop = start + self._size
            yield Piece(name, first + start, cells[start:stop], stop >= len(cells))
            start = stop

    def read(
        self, pieces: Iterable[Piece], *, apart: frozenset[str] = frozenset()
    ) -> Iterator[tuple[Piece, list[T | None | CellError] | None]]:
        """Yield pieces in order with what was made of their cells.

        Args:
            pieces: Looked at a few ahead, where processes decode.
            apart: Columns whose pieces are given back as they are, with None.
        """
        if self._workers is None:
            for piece in pieces:
                yield piece, None if piece.name in apart else self._decode(piece.name, piece.cells)
            return
        told = (
            (piece, None if piece.name in apart else (piece.name, piece.cells)) for piece in pieces
        )
        for piece, found in self._workers.map(told):
            if found is None:
                yield piece, None
                continue
            results, seconds = found
            self._pace(len(results), seconds)
            yield piece, results

    def _pace(self, num_cells: int, seconds: float) -> None:
        """Let pieces grow while they take little time, and shrink where they take much."""
        if num_cells >= self._size and seconds < PIECE_SECONDS / 2:
            self._size = min(2 * self._size, MOST_CELLS)
        elif seconds > 2 * PIECE_SECONDS:
            self._size = max(self._size // 2, LEAST_CELLS)

    def _decode(self, name: str, cells: list[Cell]) -> list[T | None | CellError]:
        with few_threads(1):
            return [one for part in self.decoders[name].decode(cells) for one in part]

    def _decode_timed(
        self, given: tuple[str, list[Cell]]
    ) -> tuple[list[T | None | CellError], float]:
        began = time.monotonic()
        return self.decoders[given[0]].decode_here(given[1]), time.monotonic() - began
