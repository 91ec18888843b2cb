"""A column's vectors from a frozen backbone: computed once, then only opened from the cache."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from plait.backbones.checkpoint import Checkpoint
from plait.data.bad_cells import BadCells
from plait.data.building import Writer, column_meta
from plait.data.cache import cache_folder, new_entry
from plait.data.collation import collate
from plait.data.decoding import Decoder
from plait.data.entries import (
    PreparedColumn,
    Progress,
    column_key,
    open_column,
)
from plait.data.held import HeldStore
from plait.data.pages import PageBudget
from plait.data.ragged import ColumnWriter
from plait.data.table import Table
from plait.errors import CellError, SchemaError, TableError, UsageError
from plait.modalities import Codec
from plait.modalities.vector.cells import LARGEST
from plait.modalities.vector.codec import VectorCodec
from plait.types import Arrays, Cell

if TYPE_CHECKING:
    from plait.backbones.network import Backbone

CHUNK_ROWS = 512
"""Rows whose inputs are in memory at once; they are sorted by length before they are batched."""

NUM_LOCAL = 8
"""Local vectors per value, beside the pooled one."""

MOST_PLACES = 1500
"""Of a line: a minute of sound."""

MAX_HELD_BYTES = 256 * 2**20
"""Inputs of more than this, such as films, are encoded before the next ones are read."""


def encode_column(
    table: Table,
    column: str,
    codec: Codec,
    backbone: Backbone | Checkpoint,
    *,
    num_local: int | None = NUM_LOCAL,
    cache: Path | None = None,
    batch_size: int = 32,
    progress: Progress | None = None,
) -> PreparedColumn:
    """Return a derived column of vectors, one value ``[token, dim]`` per row.

    The first token is the pooled vector; missing cells stay missing.

    Args:
        table: The rows.
        column: Name of the column whose cells are encoded.
        codec: Reads the cells. Give one that is not fitted: its settings are part of the cache's
            key, and another split is to find the same entry.
        backbone: A frozen network; or an opened checkpoint, loaded only when nothing is cached.
        num_local: Local vectors per value, of a checkpoint, None for a line of them; a network
            brings its own.
        batch_size: Distinct values that the network sees at once.
        cache, progress: As of `prepare_table`.

    Raises:
        CellError: The first unreadable cell, with column and row, unless skipped.
        SchemaError: The backbone is of another modality than the column.
        UsageError: The backbone is not frozen.
        TableError: No such column.
        StorageError: The cache cannot be written.
    """
    _check_fits(codec, backbone, column)
    key, num_local, load = _source(backbone, num_local)
    vectors = vectors_of(backbone.dim, num_local)
    folder = cache_folder("prepared", cache)
    name = _entry_name(column_key(table, column, codec), key)
    found = open_column(folder / name, vectors, PageBudget())
    if found is None or (found.num_bad and not table.policy.skips):
        media, finish = table.media(), backbone.preparation.prepare
        with Decoder(codec, media, finish, num_workers=table.policy.num_workers) as decoder:
            encoder = _Encoder(load(), decoder, batch_size, BadCells(table, column))
            _write(encoder, table, column, vectors, folder, name, progress)
        found = open_column(folder / name, vectors, PageBudget())
    if found is None:
        raise TableError("the cache was changed while it was written", path=folder)
    return found


def kept_column(
    table: Table,
    column: str,
    codec: Codec,
    checkpoint: Checkpoint,
    *,
    num_local: int | None = NUM_LOCAL,
) -> PreparedColumn | None:
    """Return what `encode_column` keeps in the cache; None where it has not encoded the column."""
    _check_fits(codec, checkpoint, column)
    key, num_local, _ = _source(checkpoint, num_local)
    vectors = vectors_of(checkpoint.dim, num_local)
    entry = cache_folder("prepared") / _entry_name(column_key(table, column, codec), key)
    found = open_column(entry, vectors, PageBudget())
    unread = found is not None and found.num_bad and not table.policy.skips
    return None if unread else found


def encode_rows(
    table: Table,
    column: str,
    codec: Codec,
    backbone: Backbone,
    *,
    batch_size: int = 32,
    progress: Progress | None = None,
) -> PreparedColumn:
    """Return what `encode_column` returns, held in memory: nothing is written to disk."""
    _check_fits(codec, backbone, column)
    vectors = vectors_of(backbone.dim, backbone.num_local)
    store = HeldStore(vectors.layout)
    with Decoder(codec, table.media(), backbone.preparation.prepare, num_workers=0) as decoder:
        encoder = _Encoder(backbone, decoder, batch_size, BadCells(table, column))
        _fill(store, encoder, table, column, vectors, progress)
    return PreparedColumn(vectors, store)


def vectors_of(dim: int, num_local: int | None) -> VectorCodec:
    """Return the codec of pooled and local vectors of a size."""
    if num_local is None:
        return VectorCodec(dim=dim, num_tokens=1 + MOST_PLACES, lined=True)
    return VectorCodec(dim=dim, num_tokens=1 + num_local)


def wanted_local(table: Table, column: str) -> int | None:
    """Return how many local vectors a column's values should have: where what was when in it is
    asked for, a line of them."""
    return None if table.schema[column].settings.get("lined") else NUM_LOCAL


def _entry_name(column: str, backbone: str) -> str:
    return hashlib.sha256(f"backbone|{column}|{backbone}".encode()).hexdigest()[:40]


def _write(
    encoder: _Encoder,
    table: Table,
    column: str,
    vectors: VectorCodec,
    folder: Path,
    name: str,
    progress: Progress | None,
) -> None:
    """Write a cache entry that appears whole or not at all."""
    with new_entry(folder, name) as entry, ColumnWriter(entry, vectors.layout) as writer:
        _fill(writer, encoder, table, column, vectors, progress)


def _fill(
    writer: Writer,
    encoder: _Encoder,
    table: Table,
    column: str,
    vectors: VectorCodec,
    progress: Progress | None,
) -> None:
    for first, cells in table.batches([column], batch_rows=CHUNK_ROWS):
        writer.append(encoder.rows(cells[column], first))
        if progress is not None:
            progress(first + len(cells[column]))
    writer.close(column_meta(vectors, encoder.bad))


class _Encoder:
    """Runs a backbone over cells, those of longest input first."""

    def __init__(
        self, network: Backbone, decoder: Decoder[Arrays], batch_size: int, bad: BadCells
    ) -> None:
        self._network, self._decoder, self._batch_size = network, decoder, batch_size
        self._layout = network.preparation.layout
        self.bad = bad

    def rows(self, cells: Sequence[Cell], first: int) -> list[Arrays | None]:
        """Return the vectors of the rows from `first` on; equal cells are encoded once."""
        places, index = _distinct(cells)
        results = self._decoder.decode([cells[row] for row in places])
        errors: dict[int, CellError] = {}
        held: dict[int, Arrays] = {}
        found: dict[int, Arrays] = {}
        num_bytes = 0
        for place, result in enumerate(chain.from_iterable(results)):
            if isinstance(result, CellError):
                errors[place] = result
            elif result is not None:
                held[place] = result
                num_bytes += _num_bytes(result)
                if num_bytes > MAX_HELD_BYTES:
                    found |= self._encode(held)
                    held, num_bytes = {}, 0
        for row, place in enumerate(index):
            if place in errors:
                self.bad.checked(first + row, errors[place])
        found |= self._encode(held)
        return [found.get(place) for place in index]

    def _encode(self, values: dict[int, Arrays]) -> dict[int, Arrays]:
        import torch

        order = sorted(values, key=lambda place: -_num_bytes(values[place]))
        found: dict[int, Arrays] = {}
        device = next(self._network.parameters()).device
        for start in range(0, len(order), self._batch_size):
            rows = order[start : start + self._batch_size]
            batch = collate([values[row] for row in rows], self._layout)
            parts = {n: torch.from_numpy(a).to(device) for n, a in batch.parts.items()}
            lengths = {n: torch.from_numpy(a).to(device) for n, a in batch.lengths.items()}
            with torch.inference_mode():
                tokens = self._network(parts, lengths)
            vectors = tokens.values.clamp(-LARGEST, LARGEST).cpu().numpy().astype(np.float16)
            for row, vector, real in zip(rows, vectors, tokens.mask.cpu().numpy(), strict=True):
                found[row] = {"vectors": np.ascontiguousarray(vector[real])}
        return found


def _source(
    backbone: Backbone | Checkpoint, num_local: int | None
) -> tuple[str, int | None, Callable[[], Backbone]]:
    """Return what names the outputs, the number of local vectors, and how to get the network."""
    if isinstance(backbone, Checkpoint):
        load = lambda: backbone.network("frozen", num_local=num_local)  # noqa: E731
        return f"{backbone.key}|{_named(num_local)}", num_local, load
    if backbone.how != "frozen":
        raise UsageError(
            "only a frozen backbone's outputs can be kept",
            expected="frozen",
            received=backbone.how,
        )
    name = f"{backbone.key}|{_named(backbone.num_local)}"
    return name, backbone.num_local, lambda: backbone


def _named(num_local: int | None) -> str:
    return "line" if num_local is None else str(num_local)


def _check_fits(codec: Codec, backbone: Backbone | Checkpoint, column: str) -> None:
    wanted, found = backbone.preparation.modality, codec.modality
    rate = getattr(codec, "rate_hz", None), getattr(backbone.preparation, "rate_hz", None)
    if wanted != found or rate[1] not in (None, rate[0]):
        raise SchemaError(
            "the backbone does not fit the column",
            expected=f"a column of {wanted}" + (f" at {rate[1]} Hz" if rate[1] else ""),
            received=found + (f" at {rate[0]} Hz" if rate[0] and rate[1] else ""),
            column=column,
        )


def _distinct(cells: Sequence[Cell]) -> tuple[list[int], list[int]]:
    """Return the first row of each distinct cell, and for every row the place of its cell."""
    seen: dict[Hashable, int] = {}
    rows: list[int] = []
    index: list[int] = []
    for row, cell in enumerate(cells):
        key: Hashable = (type(cell), cell) if isinstance(cell, str | bytes) else ("row", row)
        if key not in seen:
            seen[key] = len(rows)
            rows.append(row)
        index.append(seen[key])
    return rows, index


def _num_bytes(value: Arrays) -> int:
    return sum(array.nbytes for array in value.values())
