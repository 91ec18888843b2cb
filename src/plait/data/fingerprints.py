"""Fingerprints of a table's columns: computed once, kept in the cache, read from the disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

from plait.data.cache import cache_folder, mark_used, new_entry
from plait.data.decoding import Decoder
from plait.data.entries import Progress, column_key
from plait.data.schema import make_codec
from plait.data.table import Table
from plait.errors import CellError, TableError
from plait.modalities import Codec, Fingerprint

if TYPE_CHECKING:
    from jaxtyping import UInt64

NUM_WORDS = 4
"""A code is so many uint64."""


class Fingerprints:
    """The fingerprints of a column.

    Attributes:
        codes: uint64 ``[row, 4]``, zeros where there is none.
        alike: Tells from two sketches whether the values are near-duplicates.
    """

    def __init__(
        self,
        codes: UInt64[ndarray, "row 4"],
        ends: np.ndarray,
        sketches: np.ndarray,
        alike: Callable[[bytes, bytes], bool],
    ) -> None:
        self.codes, self.alike = codes, alike
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
) -> dict[str, Fingerprints]:
    """Return column name -> the rows' fingerprints, of columns whose equality means something.

    Missing cells have none. Codecs need not be fitted; names alone take those of the table's
    schema. Kept in the cache, so that media are decoded for this only once.

    Raises:
        CellError: The first unreadable cell, unless the table's policy skips such: it has none.
    """
    if not isinstance(codecs, Mapping):
        codecs = {name: make_codec(table.schema[name]) for name in codecs}
    found: dict[str, Fingerprints] = {}
    for name, codec in codecs.items():
        if not has_fingerprints(codec, table):
            continue
        key = column_key(table, name, codec)
        home = cache_folder("fingerprints", cache)
        kept = _load(home / key, codec, table.num_rows)
        if kept is None:
            media, num_workers = table.media(), table.policy.num_workers
            with (
                Decoder(codec, media, codec.fingerprint, num_workers=num_workers) as decoder,
                new_entry(home, key) as folder,
            ):
                _compute(folder, table, name, decoder, progress)
            kept = _load(home / key, codec, table.num_rows)
        if kept is None:
            raise TableError("the cache was changed while it was written", path=home)
        found[name] = kept
    return found


def has_fingerprints(codec: Codec, table: Table) -> bool:
    """Tell whether the codec gives fingerprints at all, by asking it about examples."""
    rng = np.random.default_rng(0)
    raws = (codec.read(codec.example(rng), table.media()) for _ in range(8))
    return any(raw is not None and codec.fingerprint(raw) is not None for raw in raws)


def _load(folder: Path, codec: Codec, num_rows: int) -> Fingerprints | None:
    """Open an entry; None when there is none, or one of another size."""
    files = [folder / name for name in ("codes.bin", "ends.bin", "sketches.bin")]
    try:
        codes, ends = np.fromfile(files[0], np.uint64), np.fromfile(files[1], np.int64)
        size = files[2].stat().st_size
        if codes.size != NUM_WORDS * num_rows or len(ends) != num_rows or size != _last(ends):
            return None
        sketches = np.memmap(files[2], np.uint8, "r") if size else np.zeros(0, np.uint8)
    except FileNotFoundError:  # there is none, or another process removes it in this moment
        return None
    mark_used(folder)
    return Fingerprints(codes.reshape(-1, NUM_WORDS), ends, sketches, codec.alike)


def _last(ends: np.ndarray) -> int:
    return int(ends[-1]) if len(ends) else 0


def _compute(
    folder: Path,
    table: Table,
    name: str,
    decoder: Decoder[Fingerprint | None],
    progress: Progress | None,
) -> None:
    """Write codes, and sketches one behind the other with the place where each ends."""
    codes = np.zeros((table.num_rows, NUM_WORDS), np.uint64)
    sizes = np.zeros(table.num_rows, np.int64)
    with (folder / "sketches.bin").open("wb") as file:
        for first, cells in table.batches([name], batch_rows=1024):
            for results in decoder.decode(cells[name]):
                for row, result in enumerate(results, first):
                    if isinstance(result, CellError):
                        if not table.policy.skips:
                            raise result.at(column=name, row=row)
                    elif result is not None:
                        codes[row], sizes[row] = _code(result), len(result.sketch)
                        file.write(result.sketch)
                first += len(results)
            if progress is not None:
                progress(first)
    codes.tofile(folder / "codes.bin")
    sizes.cumsum().tofile(folder / "ends.bin")
