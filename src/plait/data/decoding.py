"""Turns cells into prepared values: cheap ones once per distinct cell, media in threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import prod
from typing import Any, Generic, TypeVar

import numpy as np

from plait.errors import CellError, PlaitError
from plait.modalities import Codec, Media
from plait.types import Cell, Layout, is_missing

CHEAP_ELEMENTS = 16
MEMO_CELLS = 4096
SLICE_CELLS = 64
TASK_CELLS = 8
HELD_BYTES = 2**20
"""Of decoded arrays that are held until something is made of all of them at once."""

T = TypeVar("T")


def is_ragged(layout: Layout) -> bool:
    """Tell whether any part has an axis of varying length."""
    return any(isinstance(size, str) for spec in layout.values() for size in spec.shape)


def is_cheap(layout: Layout) -> bool:
    """Tell whether values are a few numbers each: threads would cost more than they give."""
    if is_ragged(layout):
        return False
    sizes = [prod(int(size) for size in spec.shape) for spec in layout.values()]
    return sum(sizes) <= CHEAP_ELEMENTS


MEND_CELL = "mend the file or cell; of a table, --on-error skip counts such cells as missing"
"""The hint of errors that have none of their own."""


def read_cell(codec: Codec, cell: Cell, media: Media) -> Any | None:
    """Decode a cell; None when it holds nothing.

    Raises:
        CellError: It cannot be read; whatever a decoder raises becomes one.
    """
    if is_missing(cell):
        return None
    try:
        return codec.read(cell, media)
    except PlaitError as error:
        raise error.at(path=_file_of(cell, media)) from None
    except Exception as error:
        raise CellError(
            f"the cell cannot be read as {codec.modality}",
            received=f"{type(error).__name__}: {error}",
            hint="mend the cell, or use --on-error skip to count such cells as missing",
        ) from error


def read_plain(codec: Codec, cells: Sequence[Cell], media: Media) -> np.ndarray | None:
    """Return many cells at once, float64, NaN where missing; None where a codec must read each."""
    reader = getattr(codec, "read_plain", None)
    found: np.ndarray | None = None if reader is None else reader(cells, media)
    return found


def placed(error: CellError, column: str, row: int) -> PlaitError:
    """Return the error of a cell as that of a table: with its place, and how to mend it."""
    hint = error.hint or MEND_CELL
    if not set(column) & set(",='\"{}"):
        hint = hint.replace('"NAME=', f'"{column}=')
    found = type(error)(
        error.what,
        expected=error.expected,
        received=error.received,
        hint=hint,
        path=error.path,
    )
    return found.at(column=column, row=row)


def _file_of(cell: Cell, media: Media) -> str | None:
    """Return the file that a cell names, if it does."""
    if not isinstance(cell, str):
        return None
    try:
        return str(media.locate(cell))
    except CellError:
        return None


class Decoder(Generic[T]):
    """Reads many cells and makes something of each; failures are returned, not raised.

    Results are equal whatever the number of workers. Use it as a context manager.

    Args:
        codec: Reads cells.
        media: Opens files.
        finish: What to make of Raw: `codec.prepare`, `codec.fingerprint`.
        many: The same of several at once, which are arrays; None where there is no such way.
        num_workers: Threads for media; 0 or 1 for none.
    """

    def __init__(
        self,
        codec: Codec,
        media: Media,
        finish: Callable[[Any], T],
        *,
        many: Callable[[list[Any]], Sequence[T]] | None = None,
        num_workers: int = 2,
    ) -> None:
        self._codec, self._media, self._finish, self._many = codec, media, finish, many
        self._cheap = is_cheap(codec.layout)
        self._memo: dict[Hashable, T | None | CellError] = {}
        threads = 0 if self._cheap or num_workers < 2 else num_workers
        self._pool = ThreadPoolExecutor(threads) if threads else None
        self._stop = threading.Event()

    def __enter__(self) -> Decoder[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def decode(self, cells: Sequence[Cell]) -> Iterator[list[T | None | CellError]]:
        """Yield the results in order, in slices: a value, None when missing, or the error."""
        for first in range(0, len(cells), SLICE_CELLS):
            part = cells[first : first + SLICE_CELLS]
            if self._pool is None:
                yield self.decode_here(part)
            else:
                tasks = [part[i : i + TASK_CELLS] for i in range(0, len(part), TASK_CELLS)]
                yield [
                    result for done in self._pool.map(self.decode_here, tasks) for result in done
                ]

    def decode_here(self, cells: Sequence[Cell]) -> list[T | None | CellError]:
        """Return the results in order, by this thread; after the block's end, nothing."""
        if self._many is None:
            return [None if self._stop.is_set() else self._one(cell) for cell in cells]
        results: list[T | None | CellError] = [None] * len(cells)
        held: dict[int, Any] = {}
        num_bytes = 0
        for place, cell in enumerate(cells):
            raw = None if self._stop.is_set() else self._read(cell)
            if isinstance(raw, CellError):
                results[place] = raw
            elif raw is not None:
                held[place] = raw
                num_bytes += raw.nbytes
            if num_bytes > HELD_BYTES:
                self._finish_held(held, results)
                num_bytes = 0
        self._finish_held(held, results)
        return results

    def _finish_held(self, held: dict[int, Any], results: list[T | None | CellError]) -> None:
        """Make something of the values held, and put it at their places; then hold none."""
        if held and self._many is not None:
            for place, found in zip(held, self._many(list(held.values())), strict=True):
                results[place] = found
        held.clear()

    def decode_distinct(
        self, cells: Sequence[Cell]
    ) -> tuple[list[T | None | CellError], list[int]] | None:
        """Decode each distinct cell once.

        Returns:
            Results of distinct cells, and for every cell the place of its result; None when
            cells are not cheap or cannot be compared.
        """
        if not self._cheap:
            return None
        try:
            places: dict[Hashable, int] = {}
            index = [places.setdefault((c.__class__, c), len(places)) for c in cells]
        except TypeError:
            return None
        return [self._remembered(key) for key in places], index

    def _remembered(self, key: Any) -> T | None | CellError:
        if key not in self._memo:
            if len(self._memo) >= MEMO_CELLS:
                self._memo.clear()
            self._memo[key] = self._one(key[1])
        return self._memo[key]

    def _one(self, cell: Cell) -> T | None | CellError:
        try:
            raw = self._read(cell)
            return raw if raw is None or isinstance(raw, CellError) else self._finish(raw)
        except CellError as error:
            return error

    def _read(self, cell: Cell) -> Any:
        try:
            return read_cell(self._codec, cell, self._media)
        except CellError as error:
            return error
