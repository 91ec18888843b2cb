"""Finds near-duplicates: rows that share a fingerprint in some column."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np

from plait.data.cache import cache_folder, mark_used, new_entry
from plait.data.decoding import Decoder
from plait.data.entries import Progress, check_on_error, column_key
from plait.data.schema import make_codec
from plait.data.table import Table
from plait.errors import CellError
from plait.modalities import Codec

NONE = np.uint64(0)


class Keys(Sequence[bytes | None]):
    """Fingerprints of a column: 8 bytes each, None where there is none. Compact and comparable.

    Attributes:
        digests: uint64 ``[row]``, 0 for none.
    """

    def __init__(self, digests: np.ndarray) -> None:
        self.digests = digests

    @classmethod
    def of(cls, fingerprints: Iterable[bytes | None]) -> Keys:
        """Shorten fingerprints of any length."""
        if isinstance(fingerprints, Keys):
            return fingerprints
        return cls(np.array([_digest(key) for key in fingerprints], np.uint64))

    def __len__(self) -> int:
        return len(self.digests)

    @overload
    def __getitem__(self, row: int) -> bytes | None: ...
    @overload
    def __getitem__(self, row: slice) -> Keys: ...
    def __getitem__(self, row: int | slice) -> bytes | None | Keys:
        if isinstance(row, slice):
            return Keys(self.digests[row])
        value = self.digests[row]
        return None if value == NONE else value.tobytes()

    def __iter__(self) -> Iterator[bytes | None]:
        return (None if value == NONE else value.tobytes() for value in self.digests)


def _digest(key: bytes | None) -> int:
    if key is None:
        return 0
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "little") or 1


def fingerprints(
    table: Table,
    codecs: Mapping[str, Codec] | Sequence[str],
    *,
    cache: Path | None = None,
    on_error: str = "skip",
    progress: Progress | None = None,
    num_workers: int = 2,
) -> dict[str, Sequence[bytes | None]]:
    """Return column name -> one fingerprint per row, of columns whose equality means something.

    Missing cells have none. Codecs need not be fitted; names alone take those of the table's
    schema. Kept in the cache, so that media are decoded for this only once.

    Raises:
        CellError: The first unreadable cell, unless `on_error` is ``skip``: it has none.
    """
    check_on_error(on_error)
    if not isinstance(codecs, Mapping):
        codecs = {name: make_codec(table.schema[name]) for name in codecs}
    found: dict[str, Sequence[bytes | None]] = {}
    for name, codec in codecs.items():
        if not has_fingerprints(codec, table):
            continue
        key = column_key(table, name, codec)
        keys = _load(cache_folder("fingerprints", cache) / key, table.num_rows)
        if keys is None:
            media = table.media()
            with Decoder(codec, media, codec.fingerprint, num_workers=num_workers) as decoder:
                keys = _compute(table, name, decoder, on_error, progress)
            with new_entry(cache_folder("fingerprints", cache), key) as folder:
                keys.digests.tofile(folder / "digests.bin")
        found[name] = keys
    return found


def has_fingerprints(codec: Codec, table: Table) -> bool:
    """Tell whether the codec gives fingerprints at all, by asking it about an example."""
    raw = codec.read(codec.example(np.random.default_rng(0)), table.media())
    return raw is not None and codec.fingerprint(raw) is not None


def _load(folder: Path, num_rows: int) -> Keys | None:
    file = folder / "digests.bin"
    if not file.is_file() or file.stat().st_size != 8 * num_rows:
        return None
    mark_used(folder)
    return Keys(np.fromfile(file, np.uint64))


def _compute(
    table: Table,
    name: str,
    decoder: Decoder[bytes | None],
    on_error: str,
    progress: Progress | None,
) -> Keys:
    digests = np.zeros(table.num_rows, np.uint64)
    for first, cells in table.batches([name], batch_rows=1024):
        for results in decoder.decode(cells[name]):
            for row, result in enumerate(results, first):
                if isinstance(result, CellError) and on_error == "raise":
                    raise result.at(column=name, row=row)
                digests[row] = _digest(result) if isinstance(result, bytes) else 0
            first += len(results)
        if progress is not None:
            progress(first)
    return Keys(digests)


@dataclass(frozen=True)
class Shared:
    """Rows that share a fingerprint.

    Attributes:
        groups: Row numbers, at least two each, with the column they agree in.
        num_common: Column name -> how many values were too common to count as duplicates.
    """

    groups: list[tuple[str, np.ndarray]]
    num_common: dict[str, int]


def shared_rows(
    fingerprints: Mapping[str, Sequence[bytes | None]], *, max_share: float = 0.01
) -> Shared:
    """Return the groups of rows that share a fingerprint in some column.

    A value shared by more than ``max(10, max_share * rows)`` rows is a common one ("no
    comment", a blank picture), not a duplicate.
    """
    groups: list[tuple[str, np.ndarray]] = []
    num_common = {}
    for name, keys in fingerprints.items():
        digests = Keys.of(keys).digests
        order = _repeated_rows(digests)
        order = order[np.argsort(digests[order], kind="stable")]
        cuts = np.flatnonzero(np.diff(digests[order])) + 1
        firsts = np.concatenate([[0], cuts]) if len(order) else np.zeros(0, np.int64)
        sizes = np.diff(np.concatenate([firsts, [len(order)]]))
        limit = max(10, int(max_share * len(digests)))
        for first, size in zip(firsts[sizes > 1], sizes[sizes > 1], strict=True):
            if size <= limit:
                groups.append((name, order[first : first + size]))
        if (sizes > limit).any():
            num_common[name] = int((sizes > limit).sum())
    return Shared(groups, num_common)


def _repeated_rows(digests: np.ndarray) -> np.ndarray:
    """Return the rows whose digest another row has too; few, so that little else is sorted."""
    ordered = np.sort(digests)
    twice = ordered[1:] == ordered[:-1]
    repeated = np.unique(ordered[1:][twice & (ordered[1:] != NONE)])
    if not len(repeated):
        return np.zeros(0, np.int64)
    places = np.searchsorted(repeated, digests).clip(max=len(repeated) - 1)
    return np.flatnonzero(repeated[places] == digests)


def label_units(num_rows: int, groups: Iterable[np.ndarray]) -> np.ndarray:
    """Return int32 ``[row]``: rows linked through any groups have the same number (union-find).

    >>> label_units(4, [np.array([0, 2]), np.array([2, 3])]).tolist()
    [0, 1, 0, 0]
    """
    parent = np.arange(num_rows, dtype=np.int32)

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = int(parent[row])
        return row

    for rows in groups:
        roots = {root(int(row)) for row in rows}
        first = min(roots)
        for other in roots:
            parent[other] = first
    linked = np.flatnonzero(parent != np.arange(num_rows, dtype=np.int32))
    for row in linked:
        parent[row] = root(int(row))
    return parent
