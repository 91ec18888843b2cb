"""Fingerprints of a table's columns: computed once, kept in the cache, read from the disk."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import ndarray

from plait.data.bad_cells import BadCells
from plait.data.cache import cache_folder, mark_used, new_entry
from plait.data.entries import Progress, column_key
from plait.data.foreseen import PreparedBeside
from plait.data.pieces import Making, Piece, PieceReader
from plait.data.schema import make_codec
from plait.data.table import Table
from plait.errors import StorageError
from plait.modalities import Codec, Fingerprint

if TYPE_CHECKING:
    from jaxtyping import UInt64

NUM_WORDS = 4
"""A code is so many uint64."""

FILES = (("codes.bin", np.uint64), ("ends.bin", np.int64))
SKETCHES = "sketches.bin"


class Fingerprints:
    """The fingerprints of a column.

    Attributes:
        codes: uint64 ``[row, 4]``, zeros where there is none.
        alike: Tells from two sketches whether the values are near-duplicates.
        num_seen: How many rows were looked at, from the first on: all, unless the time was short.
    """

    def __init__(
        self,
        codes: UInt64[ndarray, "row 4"],
        ends: np.ndarray,
        sketches: np.ndarray,
        alike: Callable[[bytes, bytes], bool],
        num_seen: int | None = None,
    ) -> None:
        self.codes, self.alike = codes, alike
        self.num_seen = len(codes) if num_seen is None else num_seen
        self._ends, self._sketches = ends, sketches

    @classmethod
    def of(
        cls, found: Sequence[Fingerprint | None], alike: Callable[[bytes, bytes], bool]
    ) -> Fingerprints:
        """Gather fingerprints that are in memory."""
        sketches = [b"" if one is None else one.sketch for one in found]
        codes = np.stack([_code(one) for one in found]) if found else np.zeros((0, NUM_WORDS), "u8")
        ends = np.cumsum([len(sketch) for sketch in sketches], dtype=np.int64)
        return cls(codes, ends, np.frombuffer(b"".join(sketches), np.uint8), alike)

    def __len__(self) -> int:
        return len(self.codes)

    def sketch(self, row: int) -> bytes:
        """Return the sketch of a row; empty where there is none."""
        start = int(self._ends[row - 1]) if row else 0
        found: bytes = self._sketches[start : int(self._ends[row])].tobytes()
        return found

    def take(self, rows: np.ndarray) -> Fingerprints:
        """Return the fingerprints of some rows."""
        sketches = [self.sketch(int(row)) for row in rows]
        ends = np.cumsum([len(sketch) for sketch in sketches], dtype=np.int64)
        data = np.frombuffer(b"".join(sketches), np.uint8)
        return Fingerprints(np.asarray(self.codes[rows]), ends, data, self.alike)


def _code(found: Fingerprint | None) -> UInt64[ndarray, " 4"]:
    if found is None:
        return np.zeros(NUM_WORDS, np.uint64)
    code = np.frombuffer(found.code, np.uint64)
    return code if code.any() else np.array([1, 0, 0, 0], np.uint64)


def fingerprints(
    table: Table,
    codecs: Mapping[str, Codec] | Sequence[str],
    *,
    cache: Path | None = None,
    progress: Progress | None = None,
    deadline: float | None = None,
    foreseen: Callable[[], Mapping[str, Codec]] = dict,
) -> dict[str, Fingerprints]:
    """Return column name -> the rows' fingerprints, of columns whose equality means something.

    Missing cells have none. Codecs need not be fitted; names alone take those of the table's
    schema. Kept in the cache, so that media are decoded for this only once; but not where a
    deadline (of `time.monotonic`) came before the last row: see `Fingerprints.num_seen`. Columns
    share the time alike. One that is foreseen must be read in any case, for which fingerprints are
    little more work: it takes the time that it takes, and the others have theirs after it.

    Args:
        table: The rows.
        codecs: Columns, and how their cells are read.
        cache: The cache's root; None for the usual one.
        progress: Told how many cells were looked at.
        deadline: When to stop.
        foreseen: Returns fitted codecs, of some of the columns: what they make of the same cells
            is put into the cache too. Asked only where cells are decoded.

    Raises:
        CellError: The first unreadable cell, unless the table's policy skips such: it has none.
    """
    if not isinstance(codecs, Mapping):
        codecs = {name: make_codec(table.schema[name]) for name in codecs}
    found: dict[str, Fingerprints] = {}
    home = cache_folder("fingerprints", cache)
    able = {name: codec for name, codec in codecs.items() if has_fingerprints(codec, table)}
    for place, (name, codec) in enumerate(able.items()):
        told = None if progress is None else _after(progress, place * table.num_rows)
        key = column_key(table, name, codec)
        kept = _load(home / key, codec, table.num_rows)
        if kept is None:
            fitted = foreseen().get(name)
            if fitted is None:
                until = _part_of(deadline, len(able) - place)
                kept = _take((home, key), table, name, codec, None, told, until)
            else:
                began, beside = time.monotonic(), PreparedBeside(table, name, fitted, cache)
                kept = _take((home, key), table, name, codec, beside, told, None)
                deadline = None if deadline is None else deadline + time.monotonic() - began
        if kept is None:
            raise StorageError(
                "an entry of the cache is not what was written",
                path=home,
                hint="is the disk full, or does something else change the cache? "
                "$PLAIT_CACHE names another place",
            )
        found[name] = kept
    return found


def _take(
    entry: tuple[Path, str],
    table: Table,
    name: str,
    codec: Codec,
    beside: PreparedBeside | None,
    progress: Progress | None,
    deadline: float | None,
) -> Fingerprints | None:
    """Return a column's fingerprints, kept in the cache unless the deadline came first."""
    try:
        with ExitStack() as stack:
            folder = stack.enter_context(new_entry(*entry))
            if beside is not None:
                stack.enter_context(beside)
            num_seen = _compute(folder, table, name, codec, beside, progress, deadline)
            if num_seen < table.num_rows:
                raise _Late(_read(folder, codec, num_seen))
    except _Late as late:
        return late.found
    return _load(entry[0] / entry[1], codec, table.num_rows)


class _Late(Exception):
    """Takes what is known of some rows out of an entry that will not be complete."""

    def __init__(self, found: Fingerprints) -> None:
        super().__init__("the time is over")
        self.found = found


def _after(progress: Progress, num_before: int) -> Progress:
    return lambda done: progress(num_before + done)


def _part_of(deadline: float | None, num_left: int) -> float | None:
    """Return when the first of several columns must end."""
    if deadline is None:
        return None
    now = time.monotonic()
    return now + max(deadline - now, 0.0) / num_left


def has_fingerprints(codec: Codec, table: Table) -> bool:
    """Tell whether the codec gives fingerprints at all, by asking it about examples."""
    rng = np.random.default_rng(0)
    raws = (codec.read(codec.example(rng), table.media()) for _ in range(8))
    return any(raw is not None and codec.fingerprint(raw) is not None for raw in raws)


def _load(folder: Path, codec: Codec, num_rows: int) -> Fingerprints | None:
    """Open an entry; None when there is none, or one of another size."""
    file = folder / SKETCHES
    try:
        codes, ends = (np.fromfile(folder / name, dtype) for name, dtype in FILES)
        size = file.stat().st_size
        if codes.size != NUM_WORDS * num_rows or len(ends) != num_rows or size != _last(ends):
            return None
        sketches = np.memmap(file, np.uint8, "r") if size else np.zeros(0, np.uint8)
    except FileNotFoundError:  # there is none, or another process removes it in this moment
        return None
    mark_used(folder)
    return Fingerprints(codes.reshape(-1, NUM_WORDS), ends, sketches, codec.alike)


def _read(folder: Path, codec: Codec, num_seen: int) -> Fingerprints:
    """Take the fingerprints of the first rows into memory."""
    codes, ends = (np.fromfile(folder / name, dtype) for name, dtype in FILES)
    sketches = np.fromfile(folder / SKETCHES, np.uint8)
    return Fingerprints(codes.reshape(-1, NUM_WORDS), ends, sketches, codec.alike, num_seen)


def _last(ends: np.ndarray) -> int:
    return int(ends[-1]) if len(ends) else 0


def _compute(
    folder: Path,
    table: Table,
    name: str,
    codec: Codec,
    beside: PreparedBeside | None,
    progress: Progress | None,
    deadline: float | None,
) -> int:
    """Write codes, and sketches one behind the other with the place where each ends.

    Return how many rows were looked at: those that come after the deadline have none.
    """
    codes = np.zeros((table.num_rows, NUM_WORDS), np.uint64)
    sizes = np.zeros(table.num_rows, np.int64)
    bad, seen = BadCells(table, name), 0
    making: Making[Any] = Making(codec, codec.fingerprint, getattr(codec, "fingerprints_of", None))
    if beside is not None:
        making = beside.making(codec)
    with PieceReader(table, {name: making}) as reader, (folder / SKETCHES).open("wb") as file:
        for piece, results in reader.read(_pieces(reader, table, name)):
            found = bad.all_checked(piece.first, results or [])
            prints = found if beside is None else beside.take(found)
            for row, one in enumerate(prints, piece.first):
                if one is not None:
                    codes[row], sizes[row] = _code(one), len(one.sketch)
                    file.write(one.sketch)
            seen = piece.first + len(prints)
            if progress is not None:
                progress(seen)
            if deadline is not None and time.monotonic() > deadline:
                break
    codes.tofile(folder / FILES[0][0])
    sizes.cumsum().tofile(folder / FILES[1][0])
    if beside is not None:
        beside.close(bad)
    return seen


def _pieces(reader: PieceReader[Any], table: Table, name: str) -> Iterator[Piece]:
    for first, cells in table.batches([name], batch_rows=1024):
        yield from reader.cut(name, first, cells[name])
